"""Authors: known by the slug of their name."""

from __future__ import annotations

from newsgraph.domain.authors import Author, Byline
from newsgraph.domain.events import AuthorChanged
from newsgraph.domain.text import slugify
from newsgraph.ports.store import Session


async def ensure(session: Session, byline: Byline) -> Author:
    """The author of this name, made or completed by what the byline says and nobody said before.

    Errors: ValueError for a name without any letter or digit.
    """
    slug = slugify(byline.name)
    if not slug:
        raise ValueError(f"{byline.name!r} has no letter or digit and can name no author")
    author, changed = await session.authors.upsert(slug, byline)
    if changed:
        session.log.append(AuthorChanged(slug))
    return author
