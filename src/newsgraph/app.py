"""From settings to a running application: the only file that knows every part."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Lifespan, Receive, Scope, Send

from newsgraph.actions import articles, lists, rates, sections, upkeep
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.articles import ArticleFilter, ArticleOrder
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault
from newsgraph.domain.pages import Slice
from newsgraph.domain.sections import Section
from newsgraph.engine.responses import Responses
from newsgraph.graph import schema
from newsgraph.graph.answers import Answers, Drops, Key
from newsgraph.graph.context import Services
from newsgraph.live.bells import LocalBell
from newsgraph.live.hub import Hub
from newsgraph.live.kept import Kept
from newsgraph.live.sessions import Sessions
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.observe import LOG, Tasks, configure, report_fault
from newsgraph.outside import open_outside
from newsgraph.ports.store import Session
from newsgraph.settings import Settings, from_environment
from newsgraph.storage.database import SqliteStore
from newsgraph.storage.watch import watch_commits
from newsgraph.web import graphiql, pages, recognition
from newsgraph.web.admission import Admission
from newsgraph.web.documents import Catalogue
from newsgraph.web.edge import Edge
from newsgraph.web.graphql import GraphQLView
from newsgraph.web.operations import Operations
from newsgraph.web.rates import Rates
from newsgraph.web.site import asking
from newsgraph.web.site.assets import read_assets
from newsgraph.web.site.cookies import Cookies
from newsgraph.web.site.rendering import Templates
from newsgraph.web.site.signing import Door
from newsgraph.web.site.view import Parts, Site
from newsgraph.web.sockets import SocketView
from newsgraph.web.static import BUILT, static, trusted
from newsgraph.web.streaming import StreamView
from newsgraph.wordlists import read_vocabulary

Background = Callable[[Newsroom], Coroutine[Any, Any, None]]
Job = Callable[[Newsroom], Awaitable[object]]

_COLLECT = (20_000, 10, 3)  # more allocations than one large answer needs, before the collector looks for cycles
_GRAPHQL = "/graphql"
_SETTLE = 1.0  # seconds between two times that processes tell each other who takes much
_LOOK = 1.0  # seconds between two looks at whether the supervisor is still there


def now() -> datetime:
    return datetime.now(UTC)


def create() -> Starlette:
    """What each of several processes serves: everything comes from the environment."""
    settings = from_environment()
    configure(settings.log_level, settings.log_format, settings.access_log)
    return build(settings, [_with_supervisor, spare_collector])


async def _with_supervisor(_newsroom: Newsroom) -> None:
    """Ends when the process that has started this one is gone, as after `kill -9`: nobody else would end it."""
    supervisor = multiprocessing.parent_process()  # as it was at the start: by now it may have gone already
    while supervisor is None or supervisor.is_alive():  # noqa: ASYNC110 - the system tells of it in no other way
        await asyncio.sleep(_LOOK)
    LOG.warning("the supervisor is gone, so this worker ends, too")
    signal.raise_signal(signal.SIGTERM)


async def spare_collector(_newsroom: Newsroom) -> None:
    """What was made at the start stays, so that the garbage collector need not look at it over and over.

    It took a third of the time of an answer. Nearly all garbage goes by itself, when nobody refers to it any more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


@asynccontextmanager
async def open_newsroom(
    settings: Settings, bell: LocalBell | None = None, clock: Callable[[], datetime] = now
) -> AsyncIterator[Newsroom]:
    """The newsroom without the web: its database migrated and open, its standard lists in place."""
    path, vocabulary = database_path(settings), await asyncio.to_thread(read_vocabulary, settings)
    async with (
        open_outside(settings, clock) as outside,
        SqliteStore.open(path, settings, clock=clock, bell=bell or LocalBell()) as store,
    ):
        newsroom = Newsroom(store, settings, vocabulary, outside)
        await sections.prepare(newsroom)
        yield newsroom


def database_path(settings: Settings) -> str:
    return settings.database.removeprefix("sqlite:///")


def build(
    settings: Settings,
    background: Sequence[Background] = (),
    routes: Sequence[BaseRoute] = (),
    accounts: Mapping[str, str] | None = None,
) -> Starlette:
    """The ASGI application, with `routes` after its own.

    `background` runs beside it while it serves, and is cancelled when it stops. `accounts`: tokens with which anybody
    may sign in on the pages, by what they are called there.
    """
    front = _Front(accounts or {})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with _served(settings, front, background):
            yield

    site = [Mount("/", front.site)] if settings.site else []  # last: it answers whatever nobody else does
    return _Application(settings, front, [*_routes(settings, front), *routes, *site], lifespan)


class _Application(Starlette):
    """Requests to /graphql go straight to its view.

    Middleware and routing took 25 microseconds, as long as a whole answer that is at hand.
    """

    def __init__(self, settings: Settings, front: _Front, routes: Sequence[BaseRoute], lifespan: Lifespan[Any]) -> None:
        super().__init__(routes=routes, lifespan=lifespan)
        self._front = front
        self._edge = Edge(self._inside, settings, _GRAPHQL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._edge(scope, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == _GRAPHQL:
            await self._front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _routes(settings: Settings, front: _Front) -> list[BaseRoute]:
    sdl = [Route("/schema.graphql", pages.schema_sdl(schema.sdl()))] if settings.introspection else []
    return [
        *([] if settings.site else [Route("/", pages.index(settings))]),
        Route("/healthz", pages.healthz(front.check)),
        *sdl,
        *[Route(folder + "{name:path}", static(BUILT)) for folder in ("/widgets/", "/graphiql/")],
        Route(_GRAPHQL, front),
        WebSocketRoute(_GRAPHQL, front),
    ]


@asynccontextmanager
async def _served(settings: Settings, front: _Front, background: Sequence[Background]) -> AsyncIterator[None]:
    bell = LocalBell()
    async with open_newsroom(settings, bell) as newsroom, Tasks() as tasks:
        running = await _start(newsroom, bell, tasks, front.accounts)
        front.open(running, newsroom)
        for work in background:
            running.jobs.append(tasks.start(work, newsroom))
        yield
        for job in running.jobs:
            job.cancel()
        await _last_views(running.services)


async def _last_views(services: Services) -> None:
    try:
        await services.views.flush(services.newsroom)
    except Fault:
        LOG.warning("views of the last seconds are lost: they could not be written")


@dataclass(slots=True)
class _Front:
    """Stands in the routes from the start; the views behind it exist once the database is open."""

    accounts: Mapping[str, str]
    _running: _Running | None = None
    _newsroom: Newsroom | None = None

    def open(self, running: _Running, newsroom: Newsroom) -> None:
        self._running, self._newsroom = running, newsroom

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._running is None:
            raise RuntimeError("the application serves before its lifespan has begun")
        view = self._running.sockets if scope["type"] == "websocket" else self._running.http
        await view(scope, receive, send)

    async def site(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._running is None:
            raise RuntimeError("the application serves before its lifespan has begun")
        await self._running.site(scope, receive, send)

    async def check(self) -> str:
        if self._newsroom is None:
            raise OSError("not open yet")
        store = self._newsroom.store
        await store.read(lambda session: session.log.head())
        return store.condition.value


@dataclass(slots=True)
class _Running:
    http: StreamView
    sockets: SocketView
    site: Site
    services: Services
    jobs: list[asyncio.Task[None]] = field(default_factory=list)


async def _start(newsroom: Newsroom, bell: LocalBell, tasks: Tasks, accounts: Mapping[str, str]) -> _Running:
    settings, hub = newsroom.settings, Hub(newsroom.settings.mailbox_size)
    sessions = Sessions(newsroom.store, now)
    responses = Responses[Key](settings.response_cache) if settings.response_cache else None
    kept = Kept[Sequence[Section]]("sections")
    known = await recognition.opened(newsroom, now)
    tail = Tail(newsroom.store, hub, [known.callers, sessions, kept, *([Drops(responses)] if responses else [])])
    head = await tail.start()
    streams = Streams(newsroom.store, hub, head.epoch, settings.replay_limit)
    services = Services(newsroom, streams, ViewCounter(settings, now), tail, now, kept)
    await services.views.renew_salt(newsroom)
    page = await _graphiql(newsroom) if settings.graphiql else None
    built, recognise = schema.build(), known.callers
    documents = await asyncio.to_thread(asking.read_documents)
    catalogue = await Catalogue.read(built, settings, [*asking.as_trusted(documents), *trusted(BUILT)])
    operations = Operations(built, services, Answers(built, services, responses), catalogue, tasks)
    admission = Admission(settings.connections, settings.connections_per_address, operations.rates.arrivals)
    sockets = SocketView(operations, services, recognise, sessions, admission)
    view = GraphQLView(operations, services, recognise, page)
    http = StreamView(operations, services, recognise, sessions, admission, view)
    watch = watch_commits(database_path(settings), settings.poll_interval, bell)
    secret = settings.secret or await newsroom.store.secret()
    cookies = Cookies(secret.encode(), settings.address.startswith("https"))
    door = Door(settings.address, cookies, recognise, known.shorten, accounts)
    site = await asyncio.to_thread(_site, settings, asking.Asking(operations, documents), door)
    settled = _periodically(_SETTLE, _settling(operations.rates, secret), newsroom)
    work = [tail.run(bell), sessions.run(), watch, settled, *_periodic(services)]
    work += [known.keyring.run()] if known.keyring else []
    return _Running(http, sockets, site, services, [tasks.create_task(one) for one in work])


def _site(settings: Settings, questions: asking.Asking, door: Door) -> Site:
    """Its templates and files are read here."""
    assets = read_assets()
    return Site(
        Parts(
            settings, questions, door, Templates(settings, assets, "/widgets/newsgraph.js" if BUILT else None), assets
        )
    )


def _settling(known: Rates, secret: str) -> Job:
    """Tells other processes who takes much, and is told."""

    async def settle(newsroom: Newsroom) -> None:
        await rates.settle(newsroom, known.spent(secret.encode()), known.learn)

    return settle


def _periodic(services: Services) -> list[Coroutine[Any, Any, None]]:
    """What is done again and again while serving, and how often in seconds."""
    newsroom, settings = services.newsroom, services.settings
    jobs: list[tuple[float, Job]] = [
        (settings.view_flush, services.views.flush),
        (settings.ranking_interval, lists.rank_popular),
        (settings.ranking_interval, lambda room: lists.refresh_stale_related(room, 50)),
        (1.0, articles.publish_due),
        (60.0, upkeep.upkeep),
    ]
    return [_periodically(seconds, job, newsroom) for seconds, job in jobs]


async def _periodically(seconds: float, job: Job, newsroom: Newsroom) -> None:
    """A job that fails is reported and tried again the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job(newsroom)
        except Fault as fault:  # the store has said in the log what ails it
            LOG.debug("%s: %s", job, fault)
        except Exception as error:
            report_fault(error, "a periodic job")


async def _graphiql(newsroom: Newsroom) -> Callable[[], Awaitable[str]]:
    operations = await asyncio.to_thread(graphiql.read_operations)

    async def page() -> str:
        examples = await newsroom.store.read(_examples)
        return graphiql.render_graphiql(operations, examples, BUILT)

    return page


async def _examples(session: Session) -> dict[str, object]:
    """Variables that work here and now: those of the newest article."""
    newest = await session.articles.page(ArticleFilter(), ArticleOrder.PUBLISHED_DESC, Slice(1))
    if not newest:
        return {}
    article = newest[0]
    named = {section.id: section.slug for section in await session.sections.all()}
    bylines = (await session.authors.of_articles([article.id])).get(article.id, ())
    return graphiql.example_values(
        global_id("Article", article.id),
        article.slug,
        named[article.section_id],
        bylines[0].slug if bylines else "",
    )
