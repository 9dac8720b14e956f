"""Imports of what was written to do harm: time and memory have an end, refusals have codes, and the rest goes in."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import sqlite3
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from newsgraph.domain.errors import ImportErrorCode as Code
from newsgraph.importers import ImportFormatError, Limits, Parsed, parse
from newsgraph.parsing import Parser
from newsgraph.settings import Settings, to_environment
from newsgraph.sources import Reach, Source, SourceError, SourceFailure, fetch, read_sources
from tests.importers.server import Answer, Site, all_but_this_server, answer, opened, redirect
from tests.security.hostile_files import FILES, File, lines, rss

MEMORY = 600_000_000  # bytes of address space, of which 30 MB are read, decoded and pickled several times
DEFAULT = Settings()
NAMES = [file.name for file in FILES]
GOOD = lines()()

# --- what is in a file ---


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parser() -> AsyncIterator[Parser]:
    """One process for all of them, so that what one leaves behind meets the next."""
    async with Parser(Settings(import_memory=MEMORY, import_items=100_000)) as parser:
        yield parser


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("file", FILES, ids=NAMES)
async def test_a_hostile_file(parser: Parser, file: File) -> None:
    parsed = await outcome(parser, file.data(), file.content_type)
    if isinstance(parsed, ImportFormatError):
        assert parsed.code is file.refused, str(parsed)
        assert len(str(parsed)) < 300
        return
    assert file.refused is None, parsed
    assert tuple(draft.headline for draft in parsed.drafts) == file.taken
    assert {broken.where: broken.code for broken in parsed.broken if broken.where != "line 1" or file.left} == file.left
    assert file.never not in str(parsed)
    assert all(len(broken.reason) < 400 for broken in parsed.broken)


async def outcome(parser: Parser, data: bytes, content_type: str | None = None) -> Parsed | ImportFormatError:
    try:
        return await parser.parse(data, "https://served.example/feed", content_type)
    except ImportFormatError as error:
        return error


@pytest.mark.asyncio(loop_scope="module")
async def test_their_process_has_kept_to_its_memory(parser: Parser) -> None:
    """After the largest, and whichever came before it here; `MEMORY` is address space, of which less is real."""
    await outcome(parser, next(file for file in FILES if file.name == "a title of 30 MB").data())
    process = parser.process
    assert process is not None
    status = await asyncio.to_thread(Path(f"/proc/{process.pid}/status").read_text)
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak * 1024 < MEMORY


def test_there_are_no_two_of_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES)


# --- what parsing may take ---


ATTRIBUTES = " ".join(f"a{number}='x'" for number in range(100_000))
SLOW = rss(f"<item {ATTRIBUTES}/>")  # feedparser takes the square of them


async def test_a_source_that_takes_too_long_is_given_up_and_the_next_is_parsed() -> None:
    async with Parser(Settings(import_parse_timeout=2.0)) as parser:
        with pytest.raises(ImportFormatError, match="takes longer than 2 seconds to parse") as caught:
            await parser.parse(SLOW(), "f")
        assert caught.value.code is Code.TOO_SLOW
        assert [draft.headline for draft in (await parser.parse(GOOD, "f")).drafts] == ["Good"]


async def test_a_source_that_takes_too_much_memory_is_given_up_and_the_next_is_parsed() -> None:
    async with Parser(Settings(import_memory=200_000_000)) as parser:
        with pytest.raises(ImportFormatError, match="takes more than 200,000,000 bytes of memory to parse") as caught:
            await parser.parse(rss("<item><title>" + "a" * 40_000_000 + "</title></item>")(), "f")
        assert caught.value.code is Code.TOO_LARGE
        assert [draft.headline for draft in (await parser.parse(GOOD, "f")).drafts] == ["Good"]


async def test_a_process_that_dies_is_followed_by_another() -> None:
    async with Parser(Settings()) as parser:
        await parser.parse(GOOD, "f")
        assert parser.process is not None
        parser.process.kill()
        await parser.process.wait()
        with pytest.raises(ImportFormatError):
            await parser.parse(GOOD, "f")
        assert (await parser.parse(GOOD, "f")).items == 1


async def test_modules_in_the_folder_that_one_stands_in_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("feedparser", "pickle", "nh3", "newsgraph"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    async with Parser(DEFAULT) as parser:
        assert (await parser.parse(GOOD, "f")).items == 1


@pytest.mark.parametrize(
    ("settings", "data", "code"),
    [
        (Settings(import_items=2), lines('{"headline": "A"}'), None),
        (Settings(import_items=1), lines('{"headline": "A"}'), Code.TOO_LARGE),
        (Settings(import_items=2), rss("<item><title>A</title></item>"), None),
        (Settings(import_items=1), rss("<item><title>A</title></item>"), Code.TOO_LARGE),
    ],
)
async def test_as_many_items_as_may_be(settings: Settings, data: Callable[[], bytes], code: Code | None) -> None:
    async with Parser(settings) as parser:
        found = await outcome(parser, data())
    assert (found.code if isinstance(found, ImportFormatError) else None) is code


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        (Limits(item_size=50), ()),
        (Limits(item_size=49), ("has 50 characters, more than 49 (setting import_item_size)",)),
        (Limits(elements=2), ()),
        (Limits(elements=1), ("has more than 1 elements (setting article_elements)",)),
    ],
)
def test_as_large_an_item_as_may_be(limits: Limits, broken: tuple[str, ...]) -> None:
    body = "<p>a</p><p>b</p>"
    data = json.dumps({"headline": "a" * 32, "bodyHtml": body, "source": "f", "guid": "g"}).encode()
    assert tuple(one.reason for one in parse(data, "f", limits=limits).broken) == broken


# --- where it comes from ---


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with opened() as site:
        yield site


REACH = Reach(100_000, 20.0, all_but_this_server)


async def refused(site: Site, given: Answer, reach: Reach = REACH) -> SourceFailure:
    site.answers["/feed"] = given
    with pytest.raises(SourceFailure) as caught:
        await fetch(site.url("/feed"), reach)
    return caught.value


INWARD = {
    "another address of this machine": "127.0.0.2",
    "all of its addresses": "0.0.0.0",
    "IPv6 of this machine": "[::1]",
    "IPv6 of no machine": "[::]",
    "IPv4 in IPv6": "[::ffff:127.0.0.2]",
    "IPv4 in IPv6, written otherwise": "[0:0:0:0:0:ffff:7f00:2]",
    "IPv4 compatible with IPv6": "[::127.0.0.2]",
    "translated by NAT64": "[64:ff9b::7f00:2]",
    "by 6to4": "[2002:7f00:2::]",
    "one number": "2130706434",
    "one number in hex": "0x7f000002",
    "octal": "0177.0.0.2",
    "hex": "0x7f.0.0.2",
    "left out zeros": "127.2",
    "full-width digits": "１２７.0.0.2",
    "full-width dots": "127。0。0。2",
    "a machine's own description": "169.254.169.254",
    "the same in IPv6": "[fd00:ec2::254]",
    "a company's network": "10.0.0.1",
    "another": "172.31.255.255",
    "a household's": "192.168.1.1",
    "a provider's": "100.64.0.1",
    "a link's": "[fe80::1]",
    "many at once": "224.0.0.1",
    "everybody": "255.255.255.255",
    "for examples": "192.0.2.1",
    "of the future": "240.0.0.1",
}


@pytest.mark.parametrize("host", INWARD.values(), ids=INWARD)
async def test_a_redirect_leads_to_no_private_host(site: Site, host: str) -> None:
    failure = await refused(site, redirect(f"http://{host}:{site.port}/secret"))
    assert failure.code in (Code.REFUSED, Code.UNREACHABLE), str(failure)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        *(
            "file:///etc/passwd",
            "file://127.0.0.1/etc/passwd",
            "FILE:/etc/passwd",
            "ftp://127.0.0.1/x",
            "gopher://127.0.0.1/x",
        ),
        *(
            "dict://127.0.0.1/x",
            "ldap://127.0.0.1/x",
            "data:text/xml,<rss/>",
            "javascript:x()",
            "jar:http://a.example!/x",
        ),
        *("unix:/run/x.sock", "http+unix://%2Frun%2Fx.sock/", "ws://127.0.0.1/", "about:blank"),
    ],
)
async def test_a_redirect_leads_to_no_other_scheme(site: Site, address: str) -> None:
    failure = await refused(site, redirect(address))
    assert failure.code in (Code.REFUSED, Code.UNREACHABLE), str(failure)
    assert len(site.asked) == 1


@pytest.mark.parametrize("name", ["file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x", "../../../../etc"])
async def test_a_source_of_another_scheme_is_a_file_that_is_not_there(
    name: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (error,) = await read("x/" + name)
    assert isinstance(error, SourceError)
    assert error.code is Code.UNREADABLE


async def read(*names: object, settings: Settings = DEFAULT) -> list[Source | SourceError]:
    return [found async for found in read_sources([str(name) for name in names], settings)]


class Resolver:
    """Answers each question with the next of its answers, as a name server of the attacker's does."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def getaddrinfo(self, _host: str, port: object, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in self.answers.pop(0)]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Resolver]:
    def install(*answers: Sequence[str]) -> Resolver:
        resolver = Resolver(*answers)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver.getaddrinfo)
        return resolver

    return install


async def test_the_address_that_was_checked_is_the_one_that_is_called(site: Site, resolves: Any) -> None:
    """The second answer would lead inside; nobody asks for it."""
    resolver = resolves(["127.0.0.1"], ["127.0.0.2"])
    site.answers["/feed"] = answer(GOOD)
    assert (await fetch(site.url("/feed", "rebinding.example"), REACH)).data == GOOD
    assert resolver.answers == [["127.0.0.2"]]
    assert f"Host: rebinding.example:{site.port}" in site.asked[0]


async def test_a_redirect_is_looked_up_anew(site: Site, resolves: Any) -> None:
    resolves(["127.0.0.1"], ["127.0.0.2"])
    site.answers["/feed"] = redirect("/again")
    with pytest.raises(SourceFailure, match=r"host refused: rebinding\.example is at 127\.0\.0\.2"):
        await fetch(site.url("/feed", "rebinding.example"), REACH)
    assert len(site.asked) == 1


async def test_one_private_address_among_public_ones_is_enough(site: Site, resolves: Any) -> None:
    resolves(["127.0.0.1", "10.0.0.1"])
    with pytest.raises(SourceFailure, match="host refused"):
        await fetch(site.url("/feed", "both.example"), REACH)
    assert site.asked == []


async def test_a_password_does_not_go_with_a_redirect(site: Site, resolves: Any) -> None:
    resolves(["127.0.0.1"], ["127.0.0.1"])
    site.answers |= {"/feed": redirect(site.url("/again", "other.example")), "/again": answer(GOOD)}
    await fetch(site.url("/feed", "name:word@first.example"), REACH)
    assert ["authorization" in asked.lower() for asked in site.asked] == [True, False]


async def test_no_proxy_is_asked_to_look_hosts_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")
    site.answers["/feed"] = answer(GOOD)
    assert (await fetch(site.url("/feed"), REACH)).data == GOOD


# --- how it comes ---


def bomb() -> bytes:
    return gzip.compress(b"0" * 50_000_000)


async def _headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 50_000 + b"\r\n")
        await writer.drain()


async def _informational(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000)
        await writer.drain()


async def _silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


def raw(text: bytes) -> Answer:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return write


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SOON = replace(REACH, seconds=0.5)


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    answer: Answer
    code: Code
    reach: Reach = REACH


WAYS = [
    Way("gzip bomb", answer(bomb(), Content_Encoding="gzip"), Code.TOO_LARGE),
    Way("gzip bomb by its other name", answer(bomb(), Content_Encoding="x-gzip"), Code.TOO_LARGE),
    Way("deflate bomb", answer(zlib.compress(b"0" * 50_000_000), Content_Encoding="deflate"), Code.REFUSED),
    Way("brotli", answer(b"\x0b\x02\x80", Content_Encoding="br"), Code.REFUSED),
    Way("zstd", answer(b"\x28\xb5\x2f\xfd", Content_Encoding="zstd"), Code.REFUSED),
    Way("compress", answer(b"\x1f\x9d\x90", Content_Encoding="compress"), Code.REFUSED),
    Way("gzip twice", answer(gzip.compress(bomb()), Content_Encoding="gzip, gzip"), Code.REFUSED),
    Way("gzip within a chunked coding", answer(bomb(), Transfer_Encoding="gzip, chunked"), Code.UNREACHABLE),
    Way("gzip that is none", answer(b"plain", Content_Encoding="gzip"), Code.MALFORMED),
    Way("gzip cut off", answer(gzip.compress(GOOD)[:-9], Content_Encoding="gzip"), Code.MALFORMED),
    Way("headers without end", _headers, Code.UNREACHABLE),
    Way("a header of megabytes", answer(X="x" * 5_000_000), Code.UNREACHABLE),
    Way("answers before the answer, without end", _informational, Code.TOO_SLOW, SOON),
    Way("no answer", _silence, Code.TOO_SLOW, SOON),
    Way("a drop at a time", _drip, Code.TOO_SLOW, SOON),
    Way("less than it says", answer(b"x", Content_Length="100"), Code.UNREACHABLE),
    Way("two lengths", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), Code.UNREACHABLE),
    Way("a length below zero", answer(b"x", Content_Length="-1"), Code.UNREACHABLE),
    Way("a chunk of all the memory there is", raw(CHUNKED + b"ffffffffffffffff\r\n"), Code.UNREACHABLE),
    Way("a chunk of no number", raw(CHUNKED + b"zz\r\n"), Code.UNREACHABLE),
    Way("a body of bytes that go on", answer(b"x" * 5_000_000), Code.TOO_LARGE),
    Way("no HTTP", raw(b"220 smtp ready\r\n"), Code.UNREACHABLE),
    Way("nothing", raw(b""), Code.UNREACHABLE),
    Way("another protocol", answer(status="101 Switching Protocols", Upgrade="websocket"), Code.UNREACHABLE),
    Way("a redirect to itself", redirect("/feed"), Code.UNREACHABLE),
    Way("a redirect to nothing", answer(status="302 Found"), Code.UNREACHABLE),
    Way("a redirect to no address", redirect("http://[::1"), Code.UNREACHABLE),
    Way("a redirect to a host of no letters", redirect("http://\xad/"), Code.UNREACHABLE),
    Way("a redirect of megabytes", redirect("/" + "x" * 5_000_000), Code.UNREACHABLE),
    Way("a redirect to a port of none", redirect("http://127.0.0.1:99999/"), Code.REFUSED),
    Way("a status of none", raw(b"HTTP/1.1 999 x\r\n\r\n"), Code.UNREACHABLE),
]


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
async def test_a_hostile_answer(site: Site, way: Way) -> None:
    failure = await refused(site, way.answer, way.reach)
    assert failure.code is way.code, str(failure)
    assert "\n" not in str(failure)
    assert len(str(failure)) < 400
    assert len(site.asked) <= 6


# --- folders ---


async def test_links_do_not_lead_out_of_a_folder(tmp_path: Path) -> None:
    """As an archive of somebody's can have them. Links within it are good, and those in a circle lead nowhere."""
    inner, secret = tmp_path / "inner", tmp_path / "secret.jsonl"
    (inner / "sub").mkdir(parents=True)
    secret.write_bytes(GOOD)
    (inner / "good.jsonl").write_bytes(GOOD)
    links: dict[str, str | Path] = {
        "absolute": secret,
        "circle": "circle",
        "device": "/dev/zero",
        "parent": "../secret.jsonl",
        "sub/up": "../../secret.jsonl",
        "sub/within": "../good.jsonl",
        "system": "/etc/passwd",
        "tree": "..",
        "within": "good.jsonl",
    }
    for name, target in links.items():
        (inner / name).symlink_to(target)
    found = {os.path.relpath(one.name, inner): one for one in await read(inner)}
    assert {name for name, one in found.items() if isinstance(one, Source)} == {"good.jsonl", "sub/within", "within"}
    outside = {name: one.code for name, one in found.items() if isinstance(one, SourceError)}
    assert outside == {
        "circle": Code.UNREADABLE,
        **dict.fromkeys(["absolute", "device", "parent", "sub/up", "system"], Code.REFUSED),
    }


async def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        found = await asyncio.wait_for(read(tmp_path, "/dev/zero"), 10)
    assert [one.code for one in found if isinstance(one, SourceError)] == [Code.UNREADABLE] * 3


# --- all of it ---


async def test_the_command_takes_what_is_good_and_tells_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "feeds\n\x1b[2J"
    await asyncio.to_thread(_fill, folder)
    settings = Settings(database=f"sqlite:///{tmp_path / 'news.db'}")
    code, summary, errors = await _run(settings, folder)
    assert code == 1
    assert "Traceback" not in errors
    told = {Path(one["source"]).name: one["code"] for one in summary["failed"]}
    assert told == {"1-laughs.xml": "REFUSED", "4-items.xml": "TOO_LARGE"}
    assert [one["code"] for one in summary["skipped"]] == ["NOT_SUPPORTED"]
    assert [(one["where"], one["code"]) for one in summary["rejected"]] == [
        ("line 2", "UNUSABLE"),
        ("item 1", "TOO_LARGE"),
    ]
    assert summary["created"] == 4

    again, summary, _ = await _run(settings, folder)
    assert (again, summary["created"], summary["unchanged"]) == (1, 0, 4)


def _fill(folder: Path) -> None:
    folder.mkdir()
    broken = '{"headline": "Half", "publishedAt": "soon"}'
    for name, data in {
        "0-good.jsonl": lines('{"headline": "First", "id": "1"}', broken)(),
        "1-laughs.xml": next(file for file in FILES if file.name == "billion laughs").data(),
        "2-large.xml": rss(f"<item><title>{'a' * 2_000_000}</title></item>")(),
        "4-items.xml": rss("<item/>" * 60_000)(),
        "5-notes.txt": b"Nothing.",
        "6-last.jsonl": b'{"headline": "Last", "id": "9"}',
    }.items():
        (folder / name).write_bytes(data)


async def test_what_others_wrote_does_not_move_the_cursor(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[2J"
    folder.mkdir()
    line = json.dumps({"id": "\x1b]0;x\x07\x9b2J", "headline": "a", "url": "\x1b[31m"})
    (folder / "a\nb.jsonl").write_text(line)
    (folder / "c").write_text("no feed")
    process = await _started(Settings(database=f"sqlite:///{tmp_path / 'news.db'}"), str(folder))
    output, errors = await process.communicate()
    assert b"\\x1b[2J" in output
    assert b"\\x1b[2J" in errors
    assert not [one for one in output + errors if one < 32 and one != 10]
    assert len(errors.splitlines()) == 2


async def test_what_went_in_before_the_database_was_away_is_told(site: Site, tmp_path: Path) -> None:
    """The server of the second source takes the database for itself."""
    (tmp_path / "first.jsonl").write_bytes(GOOD)
    settings = Settings(database=f"sqlite:///{tmp_path / 'news.db'}", import_private_hosts=True, lock_timeout=0.2)
    held = sqlite3.connect(tmp_path / "news.db", isolation_level=None, check_same_thread=False)

    async def hold(writer: asyncio.StreamWriter) -> None:
        await asyncio.to_thread(held.execute, "BEGIN IMMEDIATE")
        await answer(lines('{"headline": "Second"}')())(writer)

    site.answers["/second"] = hold
    sources = [str(tmp_path / "first.jsonl"), site.url("/second"), str(tmp_path / "never read")]
    process = await _started(settings, "--json", *sources)
    output, errors = await process.communicate()
    held.close()
    summary = json.loads(output)
    assert (process.returncode, summary["created"]) == (1, 1)
    assert b"Traceback" not in errors
    assert [(one["source"], one["code"]) for one in summary["failed"]] == [(sources[1], "UNAVAILABLE")]


async def _run(settings: Settings, folder: Path) -> tuple[int | None, Any, str]:
    process = await _started(settings, "--json", str(folder))
    output, errors = await process.communicate()
    return process.returncode, json.loads(output), errors.decode()


async def _started(settings: Settings, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "newsgraph", "import", *arguments]
    environment = os.environ | to_environment(settings)
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
