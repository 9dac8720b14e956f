"""Authors: who is named in an article's byline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    id: int
    slug: str
    name: str
    email: str | None
    bio: str | None
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class Byline:
    """An author as an importer or an editor names them; the slug of the name is their identity."""

    name: str
    email: str | None = None
    bio: str | None = None
    avatar_url: str | None = None
