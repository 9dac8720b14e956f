"""Ranked lists: ranking them anew, and what editors decide for them.

A list's version changes exactly when its membership or order does, because only then is a ListChanged appended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import zip_longest

from newsgraph.actions.newsroom import Call, Newsroom, once, require
from newsgraph.domain.checks import Drift
from newsgraph.domain.cursors import Position
from newsgraph.domain.errors import Fault, FaultCode, ListErrorCode, Problem, ProblemDetail
from newsgraph.domain.events import ListChanged, ListCurated
from newsgraph.domain.lists import (
    DEPTH,
    RELATED_DEPTH,
    Candidate,
    Curation,
    ListFamily,
    ListKey,
    RankedItem,
    RankReason,
    diff,
    list_title,
    parse_list_key,
    standard_keys,
)
from newsgraph.domain.text import one_line
from newsgraph.domain.users import Role, Viewer
from newsgraph.domain.views import Window
from newsgraph.policies import ranking
from newsgraph.ports.lists import StoredList
from newsgraph.ports.store import Session

TITLE_MAX = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ranking is asked for: a section's articles or all, one article's kin, and how many."""

    section_id: int | None
    key: ListKey
    limit: int


async def refresh(session: Session, key: ListKey) -> None:
    """Ranks the list anew; nothing happens when there is none."""
    for stored in await session.lists.by_keys([str(key)]):
        items = await _ranked(session, key, stored)
        change = diff(_members(stored.items), _members(items))
        await session.lists.save(stored.list.key, items, change)
        if change is not None:
            session.log.append(ListChanged(stored.list.key, change))


async def refresh_latest(session: Session, sections: Iterable[str]) -> None:
    """What a publication changes: "Latest Stories" of the site and of these sections, given by slug."""
    await refresh(session, ListKey(ListFamily.LATEST))
    for slug in sorted(set(sections)):
        await refresh(session, ListKey(ListFamily.LATEST, slug))


async def refresh_containing(session: Session, article_id: int) -> None:
    """Every list that has the article, in which it may no longer belong."""
    await _refresh_all(session, await session.lists.containing(article_id))


async def rank_popular(newsroom: Newsroom) -> None:
    """Ranks every list that follows the views, those of one section in one transaction.

    What has not moved is not written: it is looked for among the readers first.
    """
    sections = await newsroom.store.read(lambda session: session.sections.all())
    for slug in (None, *(section.slug for section in sections)):
        keys = [str(key) for key in standard_keys(slug) if key.family is not ListFamily.LATEST]
        moved = await newsroom.store.read(partial(_moved, keys=keys))
        if moved:
            await newsroom.store.write(partial(_refresh_all, keys=moved))


async def ensure_related(newsroom: Newsroom, article_id: int) -> None:
    """Makes "You May Also Like" of a published article when it is first asked for."""
    key = ListKey(ListFamily.RELATED, str(article_id))
    if not await newsroom.store.read(lambda session: session.lists.by_keys([str(key)])):
        await newsroom.store.write(partial(_create_related, key=key))


async def refresh_stale_related(newsroom: Newsroom, limit: int) -> None:
    """Ranks the "You May Also Like" lists anew that are older than `related_age`, at most `limit`, oldest first."""
    age = timedelta(seconds=newsroom.settings.related_age)

    async def query(session: Session) -> Sequence[str]:
        return await session.lists.stale(f"{ListFamily.RELATED.value}/", session.now - age, limit)

    for key in await newsroom.store.read(query):
        await newsroom.store.write(partial(_refresh_all, keys=[key]))


# Recounting


async def misranked(session: Session, limit: int) -> Sequence[Drift]:
    """Lists that follow from rows alone, whatever the time, and are others: the first place where each differs."""
    latest = [str(ListKey(ListFamily.LATEST, section.slug)) for section in await session.sections.all()]
    lasting = (ListFamily.LATEST, ListFamily.CUSTOM)
    others = [key for key in await session.lists.unscoped() if (one := parse_list_key(key)) and one.family in lasting]
    found: list[Drift] = []
    for stored in await session.lists.by_keys([*others, *latest]):
        if key := parse_list_key(stored.list.key):
            found += _difference(stored, await _ranked(session, key, stored))
    return found[:limit]


def _difference(stored: StoredList, right: Sequence[RankedItem]) -> list[Drift]:
    pairs = zip_longest(_members(stored.items), _members(right))
    return [Drift(stored.list.key, one, other) for one, other in pairs if one != other][:1]


async def rerank(session: Session, drift: Drift) -> bool:
    """Whether the list that has drifted had to be ranked anew."""
    moved = await _moved(session, [str(drift.key)])
    await _refresh_all(session, moved)
    return bool(moved)


@dataclass(frozen=True, slots=True)
class CurateList:
    """`title` and `excluded_ids` None leave those as they are; `pinned_ids` are all pins, in order.

    `if_version` is the list's version as clients know it: STALE when it has another one by now.
    """

    key: str
    title: str | None
    pinned_ids: tuple[int, ...]
    excluded_ids: tuple[int, ...] | None = None
    if_version: str | None = None
    mutation_key: str | None = None


async def curate(newsroom: Newsroom, viewer: Viewer, command: CurateList) -> str:
    """Returns the list's key. A list of an editor's own is made when its key is new.

    Errors: NOT_FOUND for what can be no list, STALE, UNKNOWN_ARTICLE for what is not published;
    Fault BAD_INPUT for more pins or a longer title than a list can have.
    """
    user_id = require(viewer, Role.EDITOR)
    title = _title(command.title)
    key = _key(command)

    async def change(session: Session) -> str:
        await _require_version(session, str(key), command.if_version)
        await _require_list(session, key)
        await session.lists.set_curation(str(key), await _curation(session, str(key), command))
        if title is not None:
            await session.lists.set_title(str(key), title)
        session.log.append(ListCurated(str(key)))
        await refresh(session, key)
        return str(key)

    return await once(newsroom, Call(user_id, "curateList", command.mutation_key), change)


# Ranking


async def _ranked(session: Session, key: ListKey, stored: StoredList) -> tuple[RankedItem, ...]:
    curation = await session.lists.curation(stored.list.key)
    depth = RELATED_DEPTH if key.family is ListFamily.RELATED else DEPTH
    spare = len(curation.pinned) + len(curation.excluded)  # so that what they take away is filled up
    candidates = await _RANKINGS[key.family](session, Wanted(stored.list.section_id, key, depth + spare))
    reason = RankReason.CURATED if key.family is ListFamily.CUSTOM else RankReason.PINNED
    return ranking.compose(candidates, await _shown(session, curation), depth, reason)


async def _shown(session: Session, curation: Curation) -> Curation:
    """The pins that readers may see; one that is hidden now comes back to its place when it is published."""
    if not curation.pinned:
        return curation
    published = {article.id for article in await session.articles.by_ids(curation.pinned) if article.published}
    return Curation(tuple(pin for pin in curation.pinned if pin in published), curation.excluded)


async def _latest(session: Session, wanted: Wanted) -> list[Candidate]:
    return ranking.latest(await session.lists.latest(wanted.section_id, wanted.limit))


async def _popular(session: Session, wanted: Wanted) -> list[Candidate]:
    window = wanted.key.window or Window.DAY
    return ranking.popular(await session.lists.popular(wanted.section_id, window, wanted.limit))


async def _must_reads(session: Session, wanted: Wanted) -> list[Candidate]:
    read = await session.lists.popular(wanted.section_id, Window.WEEK, wanted.limit)
    return ranking.backfill(read, await session.lists.latest(wanted.section_id, wanted.limit))


async def _related(session: Session, wanted: Wanted) -> list[Candidate]:
    return ranking.blend(await session.lists.likenesses(int(wanted.key.scope or 0), wanted.limit), session.now)


async def _custom(session: Session, wanted: Wanted) -> list[Candidate]:
    return []


_RANKINGS: dict[ListFamily, Callable[[Session, Wanted], Awaitable[list[Candidate]]]] = {
    ListFamily.LATEST: _latest,
    ListFamily.POPULAR: _popular,
    ListFamily.MUST_READS: _must_reads,
    ListFamily.RELATED: _related,
    ListFamily.CUSTOM: _custom,
}


async def _refresh_all(session: Session, keys: Sequence[str]) -> None:
    for key in filter(None, map(parse_list_key, keys)):
        await refresh(session, key)


async def _moved(session: Session, keys: Sequence[str]) -> list[str]:
    """Those of the lists that would now be ranked or scored otherwise."""
    moved = []
    for stored in await session.lists.by_keys(keys):
        key = parse_list_key(stored.list.key)
        if key is not None and await _ranked(session, key, stored) != stored.items:
            moved.append(stored.list.key)
    return moved


async def _create_related(session: Session, key: ListKey) -> bool:
    """Whether there is such an article to make the list for."""
    articles = await session.articles.by_ids([int(key.scope or 0)])
    if not articles or not articles[0].published:
        return False
    await session.lists.create(str(key), list_title(key, None), None)
    await refresh(session, key)
    return True


def _members(items: Iterable[RankedItem]) -> tuple[int, ...]:
    return tuple(item.article_id for item in items)


# Curating


async def _require_version(session: Session, key: str, version: str | None) -> None:
    if version is None:
        return
    head = await session.log.head()
    stored = await session.lists.by_keys([key])
    if not stored or Position(head.epoch, stored[0].list.version).encode() != version:
        raise _problem(ListErrorCode.STALE, "The list has changed since you read it.", "ifVersion")


async def _require_list(session: Session, key: ListKey) -> None:
    """Makes the list that an editor names first, or that nobody has asked for yet."""
    if await session.lists.by_keys([str(key)]):
        return
    if key.family is ListFamily.CUSTOM:
        await session.lists.create(str(key), list_title(key, None), None)
    elif key.family is not ListFamily.RELATED or not await _create_related(session, key):
        raise _problem(ListErrorCode.NOT_FOUND, "There is no such list.", "key")


async def _curation(session: Session, key: str, command: CurateList) -> Curation:
    """What the command makes of the list's curation. An exclusion may outlive its article, a pin may not."""
    pinned = tuple(dict.fromkeys(command.pinned_ids))
    published = {article.id for article in await session.articles.by_ids(pinned) if article.published}
    if not published.issuperset(pinned):
        raise _problem(ListErrorCode.UNKNOWN_ARTICLE, "One of these articles is not published.", "pinnedIds")
    if command.excluded_ids is None:
        return Curation(pinned, (await session.lists.curation(key)).excluded)
    excluded = tuple(dict.fromkeys(command.excluded_ids))
    if len(await session.articles.by_ids(excluded)) < len(excluded):
        raise _problem(ListErrorCode.UNKNOWN_ARTICLE, "One of these articles does not exist.", "excludedIds")
    return Curation(pinned, excluded)


def _key(command: CurateList) -> ListKey:
    if max(len(command.pinned_ids), len(command.excluded_ids or ())) > DEPTH:
        raise Fault(FaultCode.BAD_INPUT, f"At most {DEPTH} pins and {DEPTH} exclusions.")
    key = parse_list_key(command.key)
    if key is None:
        raise _problem(ListErrorCode.NOT_FOUND, "This can be no list.", "key")
    return key


def _title(text: str | None) -> str | None:
    title = one_line(text or "")
    if len(title) > TITLE_MAX:
        raise Fault(FaultCode.BAD_INPUT, f"title: at most {TITLE_MAX} characters.")
    return title or None


def _problem(code: ListErrorCode, message: str, name: str) -> Problem:
    return Problem(ProblemDetail(code, message, ("input", name)))
