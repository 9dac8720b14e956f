from __future__ import annotations

from contextlib import ExitStack

import pytest

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.web.admission import Admission


def test_up_to_the_limits_and_no_further() -> None:
    admission = Admission(total=4, per_address=3)
    with ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(admission.admit("192.0.2.1"))
        with pytest.raises(Fault, match="from your address") as refused, admission.admit("192.0.2.1"):
            pass
        assert refused.value.code is FaultCode.TOO_MANY_CONNECTIONS
        opened.enter_context(admission.admit("192.0.2.2"))
        with pytest.raises(Fault, match="as many connections as it takes"), admission.admit("192.0.2.3"):
            pass
        assert len(admission) == 4
    assert (len(admission), admission._open) == (0, {})


def test_what_fails_inside_is_given_back() -> None:
    admission = Admission(total=1, per_address=1)
    with pytest.raises(ZeroDivisionError), admission.admit("192.0.2.1"):
        raise ZeroDivisionError
    with admission.admit("192.0.2.1"):
        assert len(admission) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
        ("unix:", "unix:", True),
    ],
)
def test_a_network_of_one_customer_is_one_address(one: str, other: str, same: bool) -> None:
    admission = Admission(total=0, per_address=1)
    with admission.admit(one):
        if same:
            with pytest.raises(Fault), admission.admit(other):
                pass
        else:
            with admission.admit(other):
                assert len(admission) == 2


def test_zero_is_no_limit() -> None:
    admission = Admission(total=0, per_address=0)
    with ExitStack() as opened:
        for _ in range(2_000):
            opened.enter_context(admission.admit("192.0.2.1"))
