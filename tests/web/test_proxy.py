"""Through a real nginx, which buffers what it passes on unless it is told otherwise."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from newsgraph.domain.cursors import global_id
from newsgraph.settings import Settings
from tests.machine import free_port
from tests.web.desk import Desk, hear, opened_desk, start
from tests.web.test_streaming import APOLLO, COMMENTS, LATEST, Stream, asked, comment, publish

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

# As docs/operations.md says, on http for a test, and with time-outs and buffers that a mistake would meet.
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 100; }}
http {{
    access_log off;
    {paths}
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version {version};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_buffering on;
            proxy_buffers 8 64k;
            proxy_read_timeout 1s;
            gzip on; gzip_types *; gzip_min_length 0;
        }}
    }}
}}
"""
_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@asynccontextmanager
async def proxied(desk: Desk, folder: Path, version: str = "1.1") -> AsyncIterator[Desk]:
    """The desk as it is seen through nginx."""
    port = free_port()
    paths = "".join(f"{name}_temp_path {folder}/{name};" for name in _PATHS)
    values = {"folder": folder, "paths": paths, "port": port, "upstream": desk.port, "version": version}
    (folder / "nginx.conf").write_text(CONFIGURATION.format(**values))
    assert NGINX is not None
    arguments = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = await asyncio.create_subprocess_exec(NGINX, *arguments)
    try:
        await listening(port)
        yield replace(desk, port=port)
    finally:
        process.terminate()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # else it is collected with a warning


async def listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    quick = replace(settings, stream_heartbeat=0.3, socket_ping_interval=0.3)
    async with opened_desk(quick) as desk:
        yield desk


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_events_come_at_once_and_silence_breaks_nothing(desk: Desk, tmp_path: Path, version: str) -> None:
    """1.0 is what nginx speaks to its upstream when nothing is said of it."""
    article = await publish(desk)
    variables = {"articleId": global_id("Article", article)}
    async with proxied(desk, tmp_path, version) as seen, asked(seen, COMMENTS, variables=variables) as stream:
        await stream.event()
        await stream.next()
        await comment(desk, article, "At once")
        async with asyncio.timeout(0.5):
            assert (await stream.next())[1]["commentEdge"]["node"]["body"] == "At once"
        assert [await stream.text("\n\n") for _ in range(6)] == [":"] * 6, "longer than the proxy's patience"
        await comment(desk, article, "Still there")

        assert (await stream.next())[1]["commentEdge"]["node"]["body"] == "Still there"
    await desk.deserted()


async def test_parts_come_at_once(desk: Desk, tmp_path: Path) -> None:
    async with proxied(desk, tmp_path) as seen, asked(seen, LATEST, APOLLO) as stream:
        for _ in range(2):
            await part(stream)
        await publish(desk)

        assert "RankedListChanged" in str(await part(stream))
    await desk.deserted()


async def part(stream: Stream) -> object:
    async with asyncio.timeout(0.5):
        while not (found := await stream.part()):
            pass
    return found


async def test_sockets_pass_and_are_kept_open_by_pings(desk: Desk, tmp_path: Path) -> None:
    async with proxied(desk, tmp_path) as seen, seen.socket() as opened:
        await start(opened, "s", LATEST)
        for _ in range(2):
            await hear(opened)
        await asyncio.sleep(1.5)
        await publish(desk)

        assert (await hear(opened))["id"] == "s"
    await desk.deserted()


async def test_connections_are_counted_by_the_readers_address(settings: Settings, tmp_path: Path) -> None:
    """Each reader's own, whatever else they say that it is."""
    async with opened_desk(replace(settings, connections_per_address=1)) as desk, proxied(desk, tmp_path) as seen:
        async with (
            reader("127.0.0.2") as one,
            reader("127.0.0.3") as other,
            subscribed(one, seen) as first,
            subscribed(other, seen) as second,
            subscribed(one, seen, said="192.0.2.7") as third,
        ):
            assert [answer.status_code for answer in (first, second, third)] == [200, 200, 503]
        await desk.deserted()


def reader(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=address), timeout=5)


@asynccontextmanager
async def subscribed(client: httpx.AsyncClient, desk: Desk, said: str | None = None) -> AsyncIterator[httpx.Response]:
    headers = {"accept": "text/event-stream"} | ({"x-forwarded-for": said} if said else {})
    async with client.stream("POST", desk.url, json={"query": LATEST}, headers=headers) as response:
        yield response
