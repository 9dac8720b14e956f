"""Parsing in a process of its own: whatever a hostile source does to a parser ends, in time and within memory.

Parsers of XML, HTML and JSON promise neither; a thread cannot be stopped, and its memory is everybody's. Run as a
module this is that process: it parses what comes on standard input until that ends.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import IO

from newsgraph.domain.errors import ImportErrorCode
from newsgraph.domain.text import one_line, shorten
from newsgraph.importers import ImportFormatError, Limits, Parsed, parse
from newsgraph.settings import Settings

try:
    import resource
except ImportError:  # Windows, where memory has no limit then
    resource = None  # type: ignore[assignment]

_READY = b"\n"
_LENGTH = 8  # bytes that say how long a message is
_TOLD = 200


class Parser:
    """Parses one source after the other. Its `process` begins with the first, and anew after each that was too much."""

    def __init__(self, settings: Settings) -> None:
        self._memory, self._seconds = settings.import_memory, settings.import_parse_timeout
        self._limits = Limits(settings.import_items, settings.import_item_size, settings.article_elements)
        self.process: Process | None = None

    async def __aenter__(self) -> Parser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def parse(self, data: bytes, location: str, content_type: str | None = None) -> Parsed:
        """As `importers.parse`; one at a time. Errors: ImportFormatError."""
        try:
            process = self.process = self.process or await _begun(self._memory)
            async with asyncio.timeout(self._seconds):
                answer = await _asked(process, (data, location, content_type, self._limits))
        except TimeoutError:
            await self._end()
            reason = f"takes longer than {self._seconds:g} seconds to parse (setting import_parse_timeout)"
            raise ImportFormatError(reason, ImportErrorCode.TOO_SLOW) from None
        except (EOFError, ConnectionError):
            await self._end()
            raise _too_large(self._memory) from None
        if isinstance(answer, ImportFormatError):
            raise answer
        return answer

    async def _end(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _begun(memory: int) -> Process:
    """Once it is ready: on a busy machine it takes a second to start, which no source is to blame for."""
    command = [sys.executable, "-P", "-m", __name__, str(memory)]  # -P: no modules out of the folder that one stands in
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        await _reader(process).readexactly(len(_READY))
    except BaseException:
        process.kill()
        raise
    return process


async def _asked(process: Process, question: object) -> Parsed | ImportFormatError:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    for piece in _message(question):
        process.stdin.write(piece)
    await process.stdin.drain()
    length = int.from_bytes(await _reader(process).readexactly(_LENGTH))
    answer: Parsed | ImportFormatError = pickle.loads(await _reader(process).readexactly(length))  # noqa: S301 - our own
    return answer


def _reader(process: Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    return process.stdout


def _message(content: object) -> tuple[bytes, bytes]:
    pickled = pickle.dumps(content)
    return len(pickled).to_bytes(_LENGTH), pickled


def _too_large(memory: int) -> ImportFormatError:
    reason = f"takes more than {memory:,} bytes of memory to parse (setting import_memory)"
    return ImportFormatError(reason, ImportErrorCode.TOO_LARGE)


# --- within the process ---


def _serve(memory: int, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Until `questions` end. The system gives no more than `memory`, where it can be told so."""
    _confine(memory)
    answers.write(_READY)
    answers.flush()
    while length := questions.read(_LENGTH):
        for piece in _answer(questions, int.from_bytes(length), memory):
            answers.write(piece)
        answers.flush()


def _confine(memory: int) -> None:
    if not resource:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)
    with suppress(ValueError, OSError):  # macOS may refuse
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))


def _answer(questions: IO[bytes], length: int, memory: int) -> tuple[bytes, bytes]:
    try:
        return _message(_parsed(questions.read(length)))
    except MemoryError:
        pass  # what was being made has gone by now, and there is room to say so
    return _message(_too_large(memory))


def _parsed(question: bytes) -> Parsed | ImportFormatError:
    try:
        return parse(*pickle.loads(question))  # noqa: S301 - from our own process
    except ImportFormatError as error:
        return error
    except MemoryError:
        raise
    except Exception as error:  # a parser has tripped over what nobody has thought of: others go on
        return ImportFormatError(f"cannot be parsed: {shorten(one_line(str(error)), _TOLD) or type(error).__name__}")


if __name__ == "__main__":
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        sys.stdout = sys.stderr  # nothing that a library prints may stand between the answers
        _serve(int(sys.argv[1]), sys.stdin.buffer, answers)
