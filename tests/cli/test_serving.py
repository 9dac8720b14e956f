"""`serve` and `demo` as processes of their own: what they print, answer, and how they end."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from newsgraph import __version__
from newsgraph.cli.serving import listen, open_files
from newsgraph.settings import Settings

COMMAND = [sys.executable, "-m", "newsgraph"]


@contextmanager
def started(*arguments: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running process and the site's address, once it has printed that."""
    environ = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*COMMAND, *arguments, "--port", "0"], cwd=folder, env=environ, **pipes)
    try:
        yield process, site(process)
    finally:
        process.kill()
        process.communicate()


def site(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    found = re.match(r"Site +(http://\S+)/\n", process.stdout.readline())
    assert found, process.communicate()[1]
    return found[1]


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Exit status and standard error."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def get(url: str) -> tuple[int, str]:
    """What the address answers; the socket listens before the server is ready, so the first answer waits for it."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask(address: str, query: str, token: str = "") -> Any:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"{address}/graphql", json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    with started("serve", folder=tmp_path) as (process, address):
        assert json.loads(get(f"{address}/healthz")[1]) == {"status": "ok", "version": __version__}
        assert ask(address, "{ __typename }") == {"data": {"__typename": "Query"}}
        assert get(f"{address}/nothing")[0] == 404
        assert stop(process, number) == (0, "")
    assert (tmp_path / "newsgraph.db").exists()


def test_several_workers_serve_one_database(tmp_path: Path) -> None:
    with started("serve", "--workers", "2", folder=tmp_path) as (process, address):
        for _ in range(8):
            assert get(f"{address}/healthz")[0] == 200
        assert stop(process, signal.SIGTERM)[0] == 0


def test_the_demo_has_content_and_tokens_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with started("demo", "--still", folder=tmp_path) as (process, address):
        assert process.stdout
        tokens: dict[str, str] = {}
        while len(tokens) < 5:
            role, _, token = process.stdout.readline().partition(" ")
            if role.isupper():
                tokens[role] = token.strip()
        found = ask(address, "{ viewer { role } latestStories { items { nodes { slug } } } }", tokens["ADMIN"])
        assert found["data"]["viewer"] == {"role": "ADMIN"}
        assert len(found["data"]["latestStories"]["items"]["nodes"]) == 6
        assert any(tmp_path.iterdir())
        assert stop(process, signal.SIGTERM) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_demo_keeps_the_database_that_it_was_given(tmp_path: Path) -> None:
    given = "sqlite:///newsgraph.db"  # the default's own address: naming it is enough
    with started("demo", "--still", "--database", given, folder=tmp_path) as (process, address):
        assert get(f"{address}/healthz")[0] == 200
        stop(process, signal.SIGINT)
    assert (tmp_path / "newsgraph.db").exists()


def fail(*arguments: str, folder: Path) -> tuple[int, str]:
    ended = subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.returncode, ended.stderr


def test_a_port_that_is_taken_is_one_line_and_no_database_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = fail("serve", "--port", port, folder=tmp_path)
    assert (status, said) == (1, f"newsgraph: cannot listen on 127.0.0.1 port {port}: Address already in use.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--database", "sqlite:////nowhere/at/all.db"], 1, "unable to open database file"),
        (["--host", "nobody.invalid"], 1, "cannot listen on nobody.invalid"),
        (["--workers", "0"], 2, "workers: at least 1."),
        (["--prot", "1"], 2, "No such option"),
    ],
)
def test_what_prevents_the_start_is_one_line(tmp_path: Path, arguments: list[str], status: int, said: str) -> None:
    port = [] if "--host" in arguments else ["--port", "0"]
    found = fail("serve", *port, *arguments, folder=tmp_path)
    assert found[0] == status
    assert said in found[1]


def test_a_letter_instead_of_a_database_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "newsgraph.db"
    letter.write_text("Dear editor,\n" * 100, "utf-8")
    status, said = fail("serve", "--port", "0", folder=tmp_path)
    assert status == 1
    assert "is not a database" in said
    assert letter.read_text("utf-8") == "Dear editor,\n" * 100


def test_the_kernel_lets_go_of_who_acknowledges_nothing_as_late_as_the_setting_says() -> None:
    opened, _ = listen(Settings(port=0, socket_send_timeout=12.5))
    with opened:
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_500


@pytest.mark.parametrize("connections", [0, 15_000])
def test_the_limit_of_open_files_is_raised_whatever_is_asked_for(connections: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        opened, _ = listen(Settings(port=0, connections=connections))
        opened.close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_system_that_lets_nothing_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_an_idle_connection_is_kept_as_long_as_the_setting_says(tmp_path: Path) -> None:
    with started("serve", "--keep-alive", "0.3", folder=tmp_path) as (_, url):
        assert get(f"{url}/healthz")[0] == 200
        host, port = url.removeprefix("http://").split(":")
        begun = time.monotonic()
        with socket.create_connection((host, int(port)), timeout=5) as idle:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            while idle.recv(4_096):
                pass
        assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_trusted_document_that_cannot_be_used_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "bad.graphql").write_text("{ nothing }")
    arguments = (command, "--trusted-documents", str(tmp_path), "--port", "0")
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"newsgraph: {tmp_path / 'bad.graphql'}: bad: ")
    assert done.stderr.count("\n") == 1
