"""Sources from real files, a real pipe and a real HTTP server on a socket."""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from newsgraph import sources
from newsgraph.domain.errors import ImportErrorCode as Code
from newsgraph.settings import Settings
from newsgraph.sources import Address, Reach, Source, SourceError, SourceFailure, fetch, is_private, read_sources
from tests.importers.server import Answer, Site, all_but_this_server, answer, opened, redirect

RSS = b"<rss version='2.0'><channel><title>T</title><item><title>One</title></item></channel></rss>"
LINE = b'{"headline": "One"}\n'
DEFAULT = Settings()
LOCAL = Settings(import_private_hosts=True, import_max_bytes=100_000)


async def read(*names: object, settings: Settings = DEFAULT) -> list[Source | SourceError]:
    return [found async for found in read_sources([str(name) for name in names], settings)]


# --- files ---


async def test_files_in_their_order(tmp_path: Path) -> None:
    second, first = tmp_path / "b.xml", tmp_path / "a.xml"
    second.write_bytes(RSS)
    first.write_bytes(LINE)
    assert await read(second, first) == [Source(str(second), RSS), Source(str(first), LINE)]


async def test_a_file_has_one_name_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_bytes(RSS)
    monkeypatch.chdir(tmp_path)
    assert await read("a.xml", "./a.xml") == [Source(str(tmp_path / "a.xml"), RSS)] * 2


async def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty.xml").write_bytes(b" \n")
    (tmp_path / "large.xml").write_bytes(b"x" * 11)
    os.mkfifo(tmp_path / "pipe")
    names = [tmp_path / name for name in ("none.xml", "empty.xml", "large.xml", "pipe", "none\0.xml")]
    found = await read(*names, settings=Settings(import_max_bytes=10))
    assert found == [
        SourceError(str(names[0]), Code.UNREADABLE, "file not found"),
        SourceError(str(names[1]), Code.EMPTY, "is empty"),
        SourceError(str(names[2]), Code.TOO_LARGE, "is larger than 10 bytes (setting import_max_bytes)"),
        SourceError(str(names[3]), Code.UNREADABLE, "is neither a file nor a folder"),
        SourceError(str(names[4]), Code.UNREADABLE, "cannot be read: embedded null byte"),
    ]


async def test_a_file_as_large_as_may_be(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(RSS)
    assert await read(tmp_path / "a.xml", settings=Settings(import_max_bytes=len(RSS))) == [
        Source(str(tmp_path / "a.xml"), RSS)
    ]


# --- folders ---


async def test_a_folder_gives_its_files_and_tells_what_is_nothing_to_read(tmp_path: Path) -> None:
    contents = {
        "b.txt": RSS,
        "a/z.jsonl": LINE,
        "a/notes.md": b"# Notes",
        "c.xml": b"",
        ".hidden.xml": RSS,
        ".git/d.xml": RSS,
    }
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    os.mkfifo(tmp_path / "e")
    assert await read(tmp_path) == [
        Source(str(tmp_path / "b.txt"), RSS, listed=True),
        SourceError(str(tmp_path / "c.xml"), Code.EMPTY, "is empty", skipped=True),
        SourceError(str(tmp_path / "e"), Code.UNREADABLE, "is neither a file nor a folder"),
        Source(str(tmp_path / "a/notes.md"), b"# Notes", listed=True),
        Source(str(tmp_path / "a/z.jsonl"), LINE, listed=True),
    ]


async def test_a_folder_without_files(tmp_path: Path) -> None:
    assert await read(tmp_path) == [SourceError(str(tmp_path), Code.EMPTY, "has no files in it", skipped=True)]


# --- standard input ---


async def test_standard_input() -> None:
    code = (
        "import asyncio\nfrom newsgraph.settings import Settings\nfrom newsgraph.sources import read_sources\n"
        "async def main():\n    async for found in read_sources(['-'], Settings()): print(found)\nasyncio.run(main())"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe)
    output, _ = await process.communicate(LINE)
    assert output.decode().strip() == str(Source("-", LINE))


# --- http ---


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with opened() as site:
        yield site


async def test_a_page_with_its_content_type(site: Site) -> None:
    site.answers["/feed?x=1"] = answer(RSS, Content_Type="text/xml; charset=euc-kr")
    url = site.url("/feed?x=1", "localhost")
    assert await read(url, settings=LOCAL) == [Source(url, RSS, "text/xml; charset=euc-kr")]
    assert f"Host: localhost:{site.port}\r\n" in site.asked[0]
    assert "User-Agent: newsgraph/" in site.asked[0]


async def test_compressed(site: Site) -> None:
    site.answers["/feed"] = answer(gzip.compress(RSS), Content_Encoding="gzip")
    assert await read(site.url("/feed"), settings=LOCAL) == [Source(site.url("/feed"), RSS)]
    assert "Accept-Encoding: gzip\r\n" in site.asked[0]


async def test_redirects_are_followed(site: Site) -> None:
    site.answers |= {
        "/a": redirect("/b", "301 Moved Permanently"),
        "/b": redirect(site.url("/c"), "308 Permanent Redirect"),
        "/c": answer(RSS),
    }
    assert await read(site.url("/a"), settings=LOCAL) == [Source(site.url("/a"), RSS)]


async def test_redirects_in_a_circle(site: Site) -> None:
    site.answers["/a"] = redirect("/a")
    assert await read(site.url("/a"), settings=LOCAL) == [
        SourceError(site.url("/a"), Code.UNREACHABLE, "is redirected more than 5 times (setting import_redirects)")
    ]
    assert len(site.asked) == 6


@pytest.mark.parametrize(("redirects", "arrives"), [(2, True), (1, False)])
async def test_as_many_redirects_as_may_be(site: Site, redirects: int, arrives: bool) -> None:
    site.answers |= {"/a": redirect("/b"), "/b": redirect("/c"), "/c": answer(RSS)}
    (found,) = await read(site.url("/a"), settings=replace(LOCAL, import_redirects=redirects))
    assert isinstance(found, Source) is arrives


@pytest.mark.parametrize(
    ("given", "code", "reason"),
    [
        (answer(status="404 Not Found"), Code.UNREACHABLE, "HTTP 404 Not Found"),
        (answer(status="500 "), Code.UNREACHABLE, "HTTP 500"),
        (answer(status="302 Found"), Code.UNREACHABLE, "HTTP 302 Found"),
        (answer(b"\n"), Code.EMPTY, "is empty"),
        (answer(b"x" * 100_001), Code.TOO_LARGE, "is larger than 100,000 bytes (setting import_max_bytes)"),
        (answer(b"plain", Content_Encoding="gzip"), Code.MALFORMED, "is said to be compressed with gzip and is not"),
        (
            answer(gzip.compress(RSS)[:-9], Content_Encoding="gzip"),
            Code.MALFORMED,
            "is cut off before the end of its compressed data",
        ),
        (
            answer(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip"),
            Code.TOO_LARGE,
            "is larger than 100,000 bytes (setting import_max_bytes)",
        ),
    ],
)
async def test_what_is_wrong_with_an_answer(site: Site, given: Answer, code: Code, reason: str) -> None:
    site.answers["/feed"] = given
    assert await read(site.url("/feed"), settings=LOCAL) == [SourceError(site.url("/feed"), code, reason)]


@pytest.mark.parametrize("given", [answer(b"cut", Content_Length="9"), answer(status="nonsense")])
async def test_an_answer_that_is_no_http(site: Site, given: Answer) -> None:
    site.answers["/feed"] = given
    (error,) = await read(site.url("/feed"), settings=LOCAL)
    assert isinstance(error, SourceError)
    assert error.reason.startswith("cannot be fetched: ")
    assert "\n" not in error.reason


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_without_end_is_cut(site: Site, encoding: str) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await answer(Content_Encoding=encoding)(writer)
        packer = zlib.compressobj(wbits=31)
        while True:
            noise = os.urandom(60_000)
            writer.write(noise if encoding == "identity" else packer.compress(noise) + packer.flush(zlib.Z_SYNC_FLUSH))
            await writer.drain()
            sent += len(noise)

    site.answers["/feed"] = endless
    found = await asyncio.wait_for(read(site.url("/feed"), settings=LOCAL), 10)
    reason = "is larger than 100,000 bytes (setting import_max_bytes)"
    assert found == [SourceError(site.url("/feed"), Code.TOO_LARGE, reason)]
    assert sent < 50_000_000


async def test_what_follows_compressed_data_without_end(site: Site) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        await answer(gzip.compress(RSS), Content_Encoding="gzip")(writer)
        while True:
            writer.write(b"x" * 60_000)
            await writer.drain()

    site.answers["/feed"] = endless
    found = await asyncio.wait_for(read(site.url("/feed"), settings=LOCAL), 10)
    assert found == [Source(site.url("/feed"), RSS)]


async def test_a_server_that_never_ends_its_answer(site: Site) -> None:
    async def dripping(writer: asyncio.StreamWriter) -> None:
        await answer()(writer)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    site.answers["/feed"] = dripping
    reason = "took longer than 0.2 seconds to answer (setting import_timeout)"
    settings = replace(LOCAL, import_timeout=0.2)
    assert await read(site.url("/feed"), settings=settings) == [SourceError(site.url("/feed"), Code.TOO_SLOW, reason)]


async def test_nobody_there() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    (error,) = await read(f"http://127.0.0.1:{port}/", settings=LOCAL)
    assert isinstance(error, SourceError)
    assert error.reason.startswith("cannot be fetched: ")


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("http://name.invalid/feed", Code.UNREACHABLE, "host not found: name.invalid"),
        ("http://", Code.REFUSED, "leads to http:, which is no http or https address"),
        ("http://a.example:port/", Code.UNREACHABLE, "is no address: Invalid port: 'port'"),
    ],
)
async def test_addresses_that_lead_nowhere(url: str, code: Code, reason: str) -> None:
    assert await read(url) == [SourceError(url, code, reason)]


# --- private hosts ---


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "(::1|127.0.0.1)"),
        ("10.1.2.3", "10.1.2.3"),
        ("172.16.0.1", "172.16.0.1"),
        ("192.168.0.1", "192.168.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("100.64.0.1", "100.64.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("224.0.0.1", "224.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("[::1]", "::1"),
        ("[::ffff:10.0.0.1]", "::ffff:(10.0.0.1|a00:1)"),
        ("[fd00::1]", "fd00::1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
    ],
)
async def test_private_hosts_are_refused(host: str, address: str) -> None:
    with pytest.raises(SourceFailure, match=rf"^host refused: \S+ is at {address} \(setting import_private_hosts\)$"):
        await fetch(f"http://{host}:9/feed", Reach(1000, 10.0, is_private))


async def test_they_are_refused_unless_the_settings_let_them(site: Site) -> None:
    site.answers["/feed"] = answer(RSS)
    (error,) = await read(site.url("/feed"))
    assert error == SourceError(
        site.url("/feed"), Code.REFUSED, "host refused: 127.0.0.1 is at 127.0.0.1 (setting import_private_hosts)"
    )
    assert site.asked == []


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_a_redirect_to_a_private_host_is_refused(site: Site, host: str) -> None:
    site.answers["/feed"] = redirect(site.url("/secret", host))
    with pytest.raises(SourceFailure, match="host refused: "):
        await fetch(site.url("/feed"), Reach(1000, 10.0, all_but_this_server))
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1"]
)
def test_public_addresses(address: str) -> None:
    assert not is_private(ip_address(address))


@pytest.mark.parametrize("address", ["2002:7f00:1::1", "64:ff9b::7f00:1", "ff02::1", "fe80::1", "::", "240.0.0.1"])
def test_private_addresses(address: str) -> None:
    assert is_private(ip_address(address))


async def test_the_next_address_of_a_host_is_tried(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server listens on 127.0.0.1 alone; nobody listens on the address before it."""

    async def two(*_: object) -> list[Address]:
        return [ip_address("127.0.0.9"), ip_address("127.0.0.1")]

    monkeypatch.setattr(sources, "_addresses", two)
    site.answers["/feed"] = answer(RSS)
    assert await read(site.url("/feed", "localhost"), settings=LOCAL) == [Source(site.url("/feed", "localhost"), RSS)]
