"""The demo's content as it stands in `content/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

IMAGES = "/demo/images/"
_CONTENT = files("newsgraph.demo") / "content"


@dataclass(frozen=True, slots=True)
class DemoComment:
    by: str
    text: str
    minutes_ago: int
    likes: int = 0
    insightful: int = 0
    disagree: int = 0
    replies: tuple[DemoComment, ...] = ()

    @classmethod
    def of(cls, data: dict[str, Any]) -> DemoComment:
        replies = tuple(map(cls.of, data.get("replies", ())))
        return cls(**{**data, "replies": replies})


@dataclass(frozen=True, slots=True)
class DemoArticle:
    section: str
    slug: str
    headline: str
    standfirst: str
    language: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    body: str
    image: dict[str, str]
    minutes_ago: int = 0
    views: int = 0
    comments: tuple[DemoComment, ...] = ()

    @classmethod
    def of(cls, data: dict[str, Any], section: str, names: Mapping[str, str]) -> DemoArticle:
        """`names` are those of the authors, by the slugs that the content uses."""
        lists = {
            "comments": tuple(map(DemoComment.of, data.get("comments", ()))),
            "authors": tuple(names[slug] for slug in data["authors"]),
            "tags": tuple(data["tags"]),
        }
        return cls(**{**data, **lists, "section": section})

    @property
    def body_html(self) -> str:
        paragraphs = (part.strip() for part in self.body.split("\n\n"))
        return "".join(f"<p>{text}</p>" for text in paragraphs if text)


def edition_of(article: DemoArticle, number: int) -> DemoArticle:
    """The same article as its first or a later edition, each with a slug of its own."""
    if number == 1:
        return article
    return replace(article, slug=f"{article.slug}-{number}", headline=f"{article.headline} (edition {number})")


@dataclass(frozen=True, slots=True)
class Content:
    sections: tuple[str, ...]
    authors: tuple[dict[str, str], ...]
    readers: tuple[str, ...]
    pins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    articles: tuple[DemoArticle, ...] = ()
    upcoming: tuple[DemoArticle, ...] = ()
    remarks: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


def read_content() -> Content:
    room, later = _read("newsroom"), _read("upcoming")
    sections = {section["slug"]: section["name"] for section in room["sections"]}
    names = {author["slug"]: author["name"] for author in room["authors"]}
    curated = {f"must-reads/{slug}": tuple(pins) for slug, pins in room.get("section_pins", {}).items()}
    return Content(
        sections=tuple(sections.values()),
        authors=tuple(room["authors"]),
        readers=tuple(reader["name"] for reader in room["readers"]),
        pins={"must-reads": tuple(room["must_reads"]), **curated},
        articles=tuple(_articles(sections, names)),
        upcoming=tuple(DemoArticle.of(one, one["section"], names) for one in later["articles"]),
        remarks=tuple(one["text"] for one in later["remarks"]),
        answers=tuple(one["text"] for one in later["answers"]),
    )


def _articles(sections: Mapping[str, str], names: Mapping[str, str]) -> Iterator[DemoArticle]:
    for slug in sections:
        for one in _read(slug)["articles"]:
            yield DemoArticle.of(one, slug, names)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_CONTENT / f"{name}.toml").read_text("utf-8"))


def images() -> Mount:
    """The illustrations, where the articles' lead images point."""
    return Mount(IMAGES.rstrip("/"), StaticFiles(packages=[("newsgraph.demo", "content/images")]))
