"""Storyboards: what is there at the start, and the scenes that follow. Written in YAML, read and checked as a whole.

Whatever is wrong is said with its line before anything is played.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import yaml

from newsgraph.domain.comments import FlagReason, ModerationMode, ReactionKind
from newsgraph.domain.users import Role
from newsgraph.settings import Settings, SettingsError

MAX_SIZE = 1_000_000  # bytes of a storyboard
_OURS = {"database", "host", "port", "site_url", "workers", "secret", "jwks", "log_level"}  # the command's own


class StoryboardError(Exception):
    """A storyboard cannot be played; the message has the line."""


@dataclass(frozen=True, slots=True)
class OpeningComment:
    """A comment that is there at the start. `ago`: seconds before it."""

    id: str
    by: str
    text: str
    ago: float = 0.0
    replies: tuple[OpeningComment, ...] = ()


@dataclass(frozen=True, slots=True)
class OpeningArticle:
    id: str
    headline: str
    standfirst: str | None = None
    section: str = "Asia"
    body: str = "The text."
    ago: float = 3600.0
    comments: tuple[OpeningComment, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happens, `after` so many seconds. `given`: what the action needs to know, by name."""

    line: int
    action: str
    given: Mapping[str, Any]
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Storyboard:
    """`cast`: roles of those who are no readers. `settings`: those of the newsroom that differ from their defaults."""

    title: str
    about: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    cast: Mapping[str, Role] = field(default_factory=dict)
    articles: tuple[OpeningArticle, ...] = ()
    scenes: tuple[Scene, ...] = ()

    @property
    def people(self) -> list[str]:
        """Everybody who is named anywhere, in that order."""
        opening = (name for article in self.articles for name in _authors(article.comments))
        acting = (scene.given[key] for scene in self.scenes for key in ("by", "who") if key in scene.given)
        return list(dict.fromkeys([*self.cast, *opening, *acting]))


def read_storyboard(text: str) -> Storyboard:
    """Errors: StoryboardError."""
    if len(text.encode()) > MAX_SIZE:
        raise StoryboardError(f"a storyboard has at most {MAX_SIZE:,} bytes.")
    try:
        data = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise _wrong(line, f"{error.problem}; texts with : ? # {{ or [ want quotation marks.") from None
    except yaml.YAMLError as error:  # a character that YAML does not know
        raise StoryboardError(" ".join(str(error).split())) from None
    return _storyboard(_mapping(data, _Lined()))


# --- YAML, with line numbers ---


class _Lined(dict[str, Any]):
    """A mapping that knows where it stands."""

    line = 1


class _Loader(yaml.SafeLoader):
    """Safe: data and nothing else. No anchors: a few of them, nested, would be a bomb."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: yaml.Event = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not known here", problem_mark=event.start_mark)  # type: ignore[arg-type]
        return super().compose_node(parent, index)


def _construct(loader: _Loader, node: yaml.MappingNode) -> Iterator[_Lined]:
    made = _Lined()
    made.line = node.start_mark.line + 1
    yield made
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in made:
            raise _wrong(key_node.start_mark.line + 1, f"{key!r} is twice here, or no word.")
        made[key] = loader.construct_object(value_node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct)


def _wrong(line: int, message: str) -> StoryboardError:
    return StoryboardError(f"line {line}: {message}")


def _mapping(data: Any, above: _Lined) -> _Lined:
    if not isinstance(data, _Lined):
        raise _wrong(above.line, f"here names and values are wanted, not {data!r}.")
    return data


def _list(data: Any, above: _Lined) -> list[Any]:
    if not isinstance(data, list):
        raise _wrong(above.line, f"here a list is wanted, not {data!r}.")
    return data


# --- what a value may be ---


@dataclass(slots=True)
class _Known:
    """What has a name so far."""

    articles: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=lambda: {NEWEST})


NEWEST = "newest"  # stands for the comment that something happened to last, whoever wrote it
Kind = Callable[[Any, _Known], Any]
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def _text(value: Any, _known: _Known) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text: put it in quotation marks.")
    return value


def _duration(value: Any, _known: _Known) -> float:
    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is no duration: write 500ms, 2s, 1.5m, 3h or 1d.")
    return float(match[1]) * _SECONDS[match[2]]


def _article(value: Any, known: _Known) -> str:
    if value not in known.articles:
        raise ValueError(f"there is no article {value!r} by then.")
    return str(value)


def _articles(value: Any, known: _Known) -> tuple[str, ...]:
    return tuple(_article(one, known) for one in (value if isinstance(value, list) else [value]))


def _comment(value: Any, known: _Known) -> str:
    if value not in known.comments:
        raise ValueError(f"there is no comment {value!r} by then.")
    return str(value)


def _new_article(value: Any, known: _Known) -> str:
    return _new(value, known.articles)


def _new_comment(value: Any, known: _Known) -> str:
    return _new(value, known.comments)


def _new(value: Any, taken: set[str]) -> str:
    name = _text(value, _Known())
    if name in taken:
        raise ValueError(f"{name!r} is taken.")
    taken.add(name)
    return name


def _yes_or_no(value: Any, _known: _Known) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false.")
    return value


def _number(value: Any, _known: _Known) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 1_000_000:
        raise ValueError(f"{value!r} is no number from 1 to 1000000.")
    return value


def _one_of(*choices: str) -> Kind:
    def choose(value: Any, _known: _Known) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}.")
        return str(value)

    return choose


@dataclass(frozen=True, slots=True)
class Shape:
    """What an action must and may be told. `bare`: what it means when only one value stands there."""

    needs: Mapping[str, Kind]
    may: Mapping[str, Kind] = field(default_factory=dict)
    bare: str = ""


_RULING = Shape({"comment": _comment}, {"reason": _text}, "comment")

ACTIONS: Mapping[str, Shape] = {
    "comment": Shape({"article": _article, "by": _text, "text": _text}, {"id": _new_comment, "times": _number}),
    "reply": Shape({"to": _comment, "by": _text, "text": _text}, {"id": _new_comment}),
    "edit": Shape({"comment": _comment, "text": _text}),
    "remove": Shape({"comment": _comment}, {}, "comment"),
    "approve": _RULING,
    "reject": _RULING,
    "withhold": _RULING,
    "feature": _RULING,
    "react": Shape({"comment": _comment, "by": _text, "kind": _one_of(*(kind.value for kind in ReactionKind))}),
    "flag": Shape({"comment": _comment, "by": _text, "reason": _one_of(*(reason.value for reason in FlagReason))}),
    "rules": Shape(
        {"article": _article},
        {"open": _yes_or_no, "mode": _one_of(*(mode.value for mode in ModerationMode)), "max_length": _number},
    ),
    "restrict": Shape({"who": _text}, {"banned": _yes_or_no, "suspended": _duration, "premoderated": _yes_or_no}),
    "publish": Shape(
        {"headline": _text}, {"id": _new_article, "section": _text, "standfirst": _text, "body": _text}, "headline"
    ),
    "update": Shape({"article": _article}, {"headline": _text, "standfirst": _text, "body": _text}),
    "retract": Shape({"article": _article}, {}, "article"),
    "curate": Shape({"list": _text, "pins": _articles}, {"title": _text}),
    "views": Shape({"article": _article, "count": _number}),
    "drop": Shape({"for": _duration}, {}, "for"),
    "restart": Shape({"for": _duration}, {}, "for"),
    "reset": Shape({"reason": _one_of("TRIMMED", "EPOCH_CHANGED", "SLOW_CONSUMER")}, {}, "reason"),
    "wait": Shape({"for": _one_of("audience")}, {}, "for"),
    "pause": Shape({"note": _text}, {}, "note"),
}


# --- the whole ---


def _storyboard(data: _Lined) -> Storyboard:
    known = _Known()
    shape = Shape({"title": _text}, dict.fromkeys(("about", "settings", "cast", "articles", "scenes"), _as_it_is))
    given = _told(data, shape, known)
    return Storyboard(
        title=given["title"],
        about=" ".join(str(given.get("about", "")).split()),
        settings=_settings(_mapping(given.get("settings", _Lined()), data)),
        cast=_cast(_mapping(given.get("cast", _Lined()), data), known),
        articles=tuple(_opening(_mapping(one, data), known) for one in _list(given.get("articles", []), data)),
        scenes=tuple(_scene(_mapping(one, data), known) for one in _list(given.get("scenes", []), data)),
    )


def _as_it_is(value: Any, _known: _Known) -> Any:
    return value


def _told(data: _Lined, shape: Shape, known: _Known) -> dict[str, Any]:
    kinds = {**shape.needs, **shape.may}
    for name in shape.needs:
        if name not in data:
            raise _wrong(data.line, f"{name} is missing.")
    told = {}
    for name, value in data.items():
        if name not in kinds:
            raise _wrong(data.line, f"{name} is not known here: {', '.join(kinds)} are.")
        try:
            told[name] = kinds[name](value, known)
        except ValueError as error:
            raise _wrong(data.line, f"{name}: {error}") from None
    return told


def _settings(data: _Lined) -> dict[str, Any]:
    names = {one.name for one in fields(Settings)} - _OURS
    for name in data:
        if name not in names:
            raise _wrong(data.line, f"{name} is no setting that a storyboard may change.")
    try:
        Settings(**data)
    except (SettingsError, TypeError) as error:
        raise _wrong(data.line, str(error)) from None
    return dict(data)


def _cast(data: _Lined, known: _Known) -> dict[str, Role]:
    choose = _one_of(*(role.value for role in Role))
    return {name: Role(role) for name, role in _told(data, Shape({}, dict.fromkeys(data, choose)), known).items()}


_ARTICLE = Shape(
    {"id": _new_article, "headline": _text},
    {"standfirst": _text, "section": _text, "body": _text, "ago": _duration, "comments": _as_it_is},
)
_COMMENT = Shape({"id": _new_comment, "by": _text, "text": _text}, {"ago": _duration, "replies": _as_it_is})


def _opening(data: _Lined, known: _Known) -> OpeningArticle:
    given = _told(data, _ARTICLE, known)
    comments = tuple(_said(_mapping(one, data), known) for one in _list(given.pop("comments", []), data))
    return OpeningArticle(**given, comments=comments)


def _said(data: _Lined, known: _Known) -> OpeningComment:
    given = _told(data, _COMMENT, known)
    replies = tuple(_said(_mapping(one, data), known) for one in _list(given.pop("replies", []), data))
    return OpeningComment(**given, replies=replies)


def _authors(comments: Sequence[OpeningComment]) -> Iterator[str]:
    for comment in comments:
        yield comment.by
        yield from _authors(comment.replies)


def _scene(data: _Lined, known: _Known) -> Scene:
    after = _told(_part(data, {"after"}), Shape({}, {"after": _duration}), known).get("after", 0.0)
    named = [name for name in data if name != "after"]
    if len(named) != 1 or named[0] not in ACTIONS:
        raise _wrong(data.line, f"one thing happens in a scene: {', '.join(ACTIONS)}; not {', '.join(named)}.")
    action, shape = named[0], ACTIONS[named[0]]
    given = data[action]
    if shape.bare and not isinstance(given, _Lined):
        whole = _Lined({shape.bare: given})
        whole.line = data.line
        given = whole
    return Scene(data.line, action, _told(_mapping(given, data), shape, known), after)


def _part(data: _Lined, names: set[str]) -> _Lined:
    part = _Lined({name: value for name, value in data.items() if name in names})
    part.line = data.line
    return part
