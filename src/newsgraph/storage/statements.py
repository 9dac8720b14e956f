"""Named SQL: one text for every database, read once from `queries/*.sql`.

A file holds statements under `-- name: articles_by_ids` headers. Within a text
- `$1`, `$2` are its parameters;
- `ids($1)` and `texts($1)` are the rows (one column, `value`) of a JSON array parameter, or of a single value;
- `weights($1)` are the rows (`start`, `weight`) of a JSON object parameter;
- `/*article_columns*/` is the statement of that name, put in when the files are read;
- other `/*...*/` markers are places for a `Part`, put in when the statement is run.
Values only ever travel as parameters; every piece of SQL is written in this package.

Rows that are read in numbers have most of their columns in one, `json_array(...)`: Python's sqlite3 lets go of the
interpreter's lock and takes it again for each column of each row, which was 1,100 times for an article page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from newsgraph.domain.cursors import Key
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import Slice

Value = int | float | str | bytes | None

_HEADER = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_MARKER = re.compile(r"/\*(\w+)\*/")
_PARAMETER = re.compile(r"\$(\d+)")
_SINGLE: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\bIN (?:ids|texts)\((\$1)\)"), r"IN (\1)"),
    (re.compile(r"\b(?:ids|texts)\((\$1)\)"), r"(SELECT \1 AS value)"),
]
_SQLITE: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\b(?:ids|texts)\((\$\d+)\)"), r"(SELECT value FROM json_each(\1))"),
    (
        re.compile(r"\bweights\((\$\d+)\)"),
        r"(SELECT CAST(key AS INTEGER) AS start, value AS weight FROM json_each(\1))",
    ),
    (_PARAMETER, r"?\1"),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of SQL for a marker; its own `$1` stands for the first of its `args`."""

    marker: str
    sql: str
    args: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Keyset:
    """The sort key of a page: its columns with the types of their values, the last of them unique."""

    columns: tuple[tuple[str, type[int] | type[float] | type[str]], ...]
    descending: bool = False

    def parts(self, asked: Slice) -> tuple[Part, ...]:
        """What `/*between*/` and `/*order*/` stand for."""
        behind, ahead = ("<", ">") if self.descending else (">", "<")
        bounds = [
            (sign, self.checked(key)) for sign, key in ((behind, asked.after), (ahead, asked.before)) if key is not None
        ]
        numbers = iter(range(1, 1 + len(self.columns) * len(bounds)))
        sql = "".join(
            f" AND ({self._names}) {sign} ({', '.join(f'${next(numbers)}' for _ in key)})" for sign, key in bounds
        )
        return Part("between", sql, tuple(v for _, key in bounds for v in key)), self.order(asked)

    def order(self, asked: Slice, marker: str = "order") -> Part:
        direction = "DESC" if self.descending is not asked.backward else "ASC"
        return Part(marker, ", ".join(f"{name} {direction}" for name, _ in self.columns))

    @property
    def _names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    def checked(self, key: Key) -> Key:
        """A cursor can be made by hand: its key must have the columns' number and types."""
        if [type(value) for value in key] != [kind for _, kind in self.columns]:
            raise Fault(FaultCode.INVALID_CURSOR, "This cursor does not belong to this list and order.")
        return key


class Statements:
    """The texts, put together and in SQLite's dialect. Made once; safe to share between threads."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {name: _included(text, texts) for name, text in texts.items()}
        self._composed: dict[tuple[object, ...], str] = {}

    def text(self, name: str, parts: tuple[Part, ...] = (), single: bool = False) -> str:
        """The statement with its parts in place; their parameters are numbered after those before them.

        `single`: `$1` is one value where the text has `ids($1)` or `texts($1)`, and no array of them.
        """
        shape = (name, single, *[text for part in parts for text in (part.marker, part.sql)])
        found = self._composed.get(shape)
        if found is None:
            found = self._composed[shape] = self._compose(name, parts, _SINGLE if single else [])
        return found

    def fragment(self, name: str) -> str:
        return self._texts[name]

    def _compose(self, name: str, parts: tuple[Part, ...], first: list[tuple[re.Pattern[str], str]]) -> str:
        text = self._texts[name]
        used = max(map(int, _PARAMETER.findall(text)), default=0)
        for part in parts:
            text = text.replace(f"/*{part.marker}*/", _shifted(part.sql, used))
            used += len(part.args)
        return _replaced(_MARKER.sub("", text), [*first, *_SQLITE])


def load() -> Statements:
    """Every statement of the package, SQLite's own included."""
    texts: dict[str, str] = {}
    for file in files(__package__).joinpath("queries").iterdir():
        if file.name.endswith(".sql"):
            texts.update(_parse(file.read_text(encoding="utf-8")))
    return Statements(texts)


def _parse(source: str) -> dict[str, str]:
    _, *pieces = _HEADER.split(source)
    return {name: _COMMENT.sub("", text).strip() for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def _included(text: str, texts: Mapping[str, str]) -> str:
    return _MARKER.sub(lambda match: texts.get(match[1], match[0]), text)


def _shifted(sql: str, by: int) -> str:
    return _PARAMETER.sub(lambda match: f"${int(match[1]) + by}", sql)


def _replaced(text: str, patterns: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text
