"""Which programs say of themselves that they read for nobody in particular, or before anybody asked."""

from __future__ import annotations

import re
from functools import lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

_LONGEST = 512  # characters of an agent that are looked at; browsers send some 120
_CHUNK = 25  # patterns in one expression: Python's own alternatives are tried one after the other

# What they call themselves in general. Cubot makes telephones.
_COMMON = re.compile(
    r"(?<!cu)bots?\b|crawl|spider|slurp|archiver|scrap(er|y)|headless|lighthouse|prefetch|prerender|preview"
    r"|facebookexternalhit|whatsapp/|embedly|mediapartners-google|apis-google|feedfetcher|read-aloud|inspection-?tool"
    r"|monitor|uptime|pingdom|validator",
    re.IGNORECASE,
)

# Fifteen hundred by name, of which the expression above would miss a third. A library's name says nothing: apps and
# sites that report their readers' views use the same ones.
_NAMES = [str(one["pattern"]) for one in CRAWLER_USER_AGENTS_DATA if one.get("tags") != ["http-library"]]
_NAMED = [re.compile("|".join(_NAMES[start : start + _CHUNK])) for start in range(0, len(_NAMES), _CHUNK)]


def is_machine(agent: str) -> bool:
    """By what a User-Agent declares."""
    return _is_machine(agent[:_LONGEST])


@lru_cache(maxsize=4_096)
def _is_machine(shown: str) -> bool:
    """Remembered, for it takes 100 microseconds; by the part that is looked at, which bounds the memory, too."""
    return _COMMON.search(shown) is not None or any(names.search(shown) for names in _NAMED)
