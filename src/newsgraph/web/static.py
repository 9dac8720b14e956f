"""What `make frontend` has built, for browsers: widgets under names that stay, GraphiQL under names that change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsgraph.engine.persisted import Trusted
from newsgraph.web.compression import coding_of
from newsgraph.web.conditions import is_known
from newsgraph.web.pages import Endpoint

UNBUILT = "The frontend has not been built here: run `make frontend`, or install newsgraph as a wheel."

_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".map": "application/json",
    ".ttf": "font/ttf",
    ".ts": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_LASTING = "public, max-age=31536000, immutable"  # the name changes when a byte does
_SHORT = "public, max-age=300"  # seconds; then a 304, as long as nothing has changed

# Pages of other origins load the widgets, too: as modules, which needs CORS.
_OPEN = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class File:
    """`codings`: those in which it lies beside itself, compressed when it was built."""

    path: Path
    digest: str
    codings: tuple[str, ...]

    def etag(self, coding: str | None) -> str:
        """Strong (RFC 9110, 8.8.1), of the file in this content coding."""
        return f'"{self.digest}"' if coding is None else f'"{self.digest}-{coding}"'

    def read(self, coding: str | None) -> bytes:
        return (self.path if coding is None else self.path.with_name(f"{self.path.name}.{coding}")).read_bytes()


@dataclass(frozen=True, slots=True)
class Built:
    """`files` by their addresses without the first slash; `script` and `style` are addresses of GraphiQL's.

    `documents`: all that the widgets ask for, as they send it.
    """

    files: Mapping[str, File]
    script: str
    style: str
    documents: Mapping[str, str]


def read_built(folder: Path) -> Built | None:
    """What the folder's manifest says; None when nothing has been built there."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return None
    said = json.loads(manifest.read_text("utf-8"))
    files = {
        name: File(folder / name, one["sha256"][:32], tuple(one["codings"])) for name, one in said["files"].items()
    }
    return Built(files, **said["graphiql"], documents=said.get("documents", {}))


def trusted(built: Built | None) -> list[Trusted]:
    """So that the widgets go on where nothing else may be executed."""
    return [Trusted(f"widgets/{name}", text, "newsgraph") for name, text in (built.documents if built else {}).items()]


# Read once, with the module: requests are answered where nothing may wait for a disk.
BUILT = read_built(Path(__file__).parent / "static")


def static(built: Built | None) -> Endpoint:
    """Answers for every file of `built`, by the path of the request."""
    bodies: dict[tuple[str, str | None], bytes] = {}  # as many as there are files, and codings of them

    async def respond(request: Request) -> Response:
        if built is None:
            return PlainTextResponse(UNBUILT, 503, _OPEN | {"cache-control": "no-store"})
        name = request.url.path.lstrip("/")
        file = built.files.get(name)
        if file is None:
            raise HTTPException(404, "There is no such file.", _OPEN)
        coding = coding_of(request.headers.get("accept-encoding", ""), file.codings)
        headers = _headers(name, file, coding)
        if is_known(request.headers, headers["etag"]):
            return Response(None, 304, headers)
        if (name, coding) not in bodies:
            bodies[name, coding] = await asyncio.to_thread(file.read, coding)
        return Response(bodies[name, coding], headers=headers | {"content-type": _KINDS[PurePosixPath(name).suffix]})

    return respond


def _headers(name: str, file: File, coding: str | None) -> dict[str, str]:
    stays = name.startswith("widgets/")
    headers = _OPEN | {"cache-control": _SHORT if stays else _LASTING, "etag": file.etag(coding)}
    return headers if coding is None else headers | {"content-encoding": coding}
