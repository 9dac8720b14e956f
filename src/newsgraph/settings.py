"""Settings: environment variables `NEWSGRAPH_*` and CLI options of the same names, read once at start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

PREFIX = "NEWSGRAPH_"


class SettingsError(Exception):
    """A setting's value cannot be used; the message names it."""


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default. Durations are in seconds."""

    database: str = _setting("sqlite:///newsgraph.db", "Where everything is kept.")
    secret: str = _setting("", "Signs and verifies tokens (HS256), at least 32 bytes; empty: the database's own.")
    jwks: str = _setting("", "File or https address of an identity provider's public keys (RS256, ES256, EdDSA).")
    jwks_refresh: float = _setting(600.0, "How often they are loaded anew.")
    jwks_cooldown: float = _setting(10.0, "How soon they may be loaded again for a key that is not known.")
    jwks_keep: float = _setting(86_400.0, "How long they are good for while they cannot be loaded.")
    jwks_private_hosts: bool = _setting(False, "Load them from private and local addresses, and by http, too.")
    token_issuer: str = _setting("", "Who must have issued a token (iss); empty: anybody.")
    token_audience: str = _setting("", "For whom a token must be (aud), one of a list with commas; empty: anybody.")
    token_leeway: float = _setting(60.0, "By how much the issuer's clock may differ from ours.")
    name_claim: str = _setting("name", "Claims that have a person's name, with commas: the first that is there.")
    role_claim: str = _setting("role", "The claim that has a person's role or roles; dots lead into it.")
    role_map: str = _setting("", "What its values stand for: editors=EDITOR,admins=ADMIN; empty: our own roles.")
    caller_cache: int = _setting(10_000, "Callers whose tokens are remembered as verified; 0: none.")
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8000, "Port to listen on.")
    workers: int = _setting(1, "Processes that serve the same database.")
    site_url: str = _setting("", "Public address of the site; empty: http://HOST:PORT.")
    site_name: str = _setting("newsgraph", "What the pages call the site.")
    allowed_origins: str = _setting(
        "", "Other sites whose pages may ask, with commas: https://blog.example; *: all; empty: none."
    )
    trusted_proxies: str = _setting("127.0.0.1,::1", "Proxies that are believed: addresses or networks, with commas.")
    proxy_header: str = _setting("X-Forwarded-For", "Where they say who asks: X-Forwarded-For or Forwarded.")
    site: bool = _setting(True, "Serve the news site's pages; false: the API alone.")
    page_cache: int = _setting(16_000_000, "Most bytes of rendered pages kept while they are true; 0: keep none.")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR.")
    log_format: str = _setting("text", "text: lines for people; json: a JSON object a line.")
    access_log: bool = _setting(False, "Log a line for each request: never what was asked, only where and how it went.")
    embed_hosts: str = _setting(
        "www.youtube.com,www.youtube-nocookie.com,player.vimeo.com",
        "Hosts whose pages may stand within an article, with commas; frames of others become links.",
    )
    link_rel: str = _setting("nofollow ugc noopener", "What an article's links are marked with (rel).")
    article_elements: int = _setting(20_000, "Most elements in an article's text.")
    graphiql: bool = _setting(True, "Answer browsers at /graphql with GraphiQL.")
    page_default: int = _setting(20, "Items of a page when the client does not say.")
    page_maximum: int = _setting(100, "Most items of a page; more is PAGE_TOO_LARGE.")
    comment_min_length: int = _setting(1, "Fewest code points of a comment.")
    comment_max_length: int = _setting(300, "Most code points of a comment.")
    comment_max_depth: int = _setting(4, "Deepest reply; a top-level comment has depth 0.")
    comment_edit_window: float = _setting(300.0, "How long its author may edit a comment.")
    comment_mode: str = _setting("POST", "POST: shown at once; PRE: held until approved.")
    comment_rate: int = _setting(0, "Comments a reader may post in a minute; 0: no limit.")
    comments_open: bool = _setting(True, "Whether the site takes comments at all.")
    comment_close_age: float = _setting(0.0, "Comments close so long after an article appeared; 0: never.")
    comment_repeat_window: float = _setting(3600.0, "How long a comment's text is remembered to spot repeats; 0: not.")
    comment_repeat_length: int = _setting(
        30, "Code points from which a text is a repeat wherever it is; shorter ones at the same place only."
    )
    comment_repeat_authors: int = _setting(3, "People with the same text from whom on it is withheld; 0: never.")
    comment_links: int = _setting(2, "Most links of a comment; one with more is held.")
    comment_loud_length: int = _setting(
        20, "Capitals, or signs without any letter, from which a comment is held; 0: never."
    )
    comment_first_held: int = _setting(0, "A new commenter's comments are held until so many were published.")
    comment_flag_limit: int = _setting(5, "Reports that hold a published comment; 0: never.")
    banned_words: str = _setting("", "A list of words that comments must not have, or a folder of lists by language.")
    suspect_words: str = _setting("", "The same of words that hold a comment.")
    moderation_hook: str = _setting("", "Address that is asked about each comment of a reader; empty: none.")
    moderation_hook_secret: str = _setting("", "Signs what is sent there, at least 24 bytes, or whsec_ and base64.")
    moderation_hook_timeout: float = _setting(3.0, "How long its answer is waited for.")
    moderation_hook_failure: str = _setting("hold", "When there is no answer: hold, publish or refuse the comment.")
    moderation_hook_concurrency: int = _setting(20, "Most questions that wait for its answer at once.")
    moderation_hook_patience: int = _setting(
        5, "Questions in a row without an answer after which it is not asked for a while; 0: it always is."
    )
    moderation_hook_pause: float = _setting(10.0, "For how long; then one question tries whether it answers again.")
    view_window: float = _setting(1800.0, "A reader's views of one article count once in this time.")
    view_flush: float = _setting(1.0, "How long counted views wait before they are written.")
    view_memory: int = _setting(100_000, "Views remembered to spot repeats, and most that wait to be written.")
    ranking_interval: float = _setting(10.0, "How often popular lists are ranked anew.")
    related_age: float = _setting(600.0, "Age at which 'You May Also Like' is ranked anew.")
    list_interval: float = _setting(0.25, "A burst of changes of one list within this time is one event.")
    log_retention_age: float = _setting(7 * 86_400.0, "How long events are kept for replay.")
    log_retention_count: int = _setting(1_000_000, "Most events kept for replay.")
    receipt_age: float = _setting(86_400.0, "How long a clientMutationId is remembered.")
    replay_limit: int = _setting(10_000, "Most events replayed; further behind is TRIMMED.")
    mailbox_size: int = _setting(1_000, "Events that wait for one subscriber; more is SLOW_CONSUMER.")
    connections: int = _setting(15_000, "Sockets and streams open at once, of each process; 0: no limit.")
    connections_per_address: int = _setting(1_000, "The same from one address (IPv6: one /64 network); 0: no limit.")
    http_connections: int = _setting(
        4_000, "Other HTTP connections at once, of each process; those that wait longest go first. 0: no limit."
    )
    http_connections_per_address: int = _setting(500, "The same from one address; not from proxies that are trusted.")
    header_timeout: float = _setting(10.0, "How long a connection may take for the head of a request.")
    body_timeout: float = _setting(20.0, "The same for its body.")
    header_size: int = _setting(32_768, "Most bytes of the head of a request, with its address.")
    header_count: int = _setting(100, "Most headers of a request.")
    keep_alive: float = _setting(
        75.0, "How long an idle HTTP connection is kept; longer than your proxy keeps its own."
    )
    message_size: int = _setting(1_000_000, "Most bytes of a WebSocket message, and of the request of an HTTP stream.")
    stream_heartbeat: float = _setting(15.0, "How long an HTTP stream may be silent before it says that it is alive.")
    reconnect_spread: float = _setting(5.0, "Clients are asked to reconnect after a random part of this time.")
    drain_timeout: float = _setting(5.0, "How long the end may take once the server is told to stop.")
    compiled_execution: bool = _setting(True, "Run queries as functions made for them; false: all by graphql-core.")
    response_cache: int = _setting(64_000_000, "Most bytes of answers kept while they are true; 0: keep none.")
    response_age: float = _setting(3600.0, "How long an answer is kept at most.")
    document_cache: int = _setting(32_000_000, "Most bytes of documents kept parsed and compiled.")
    document_size: int = _setting(100_000, "Most characters of a document.")
    document_tokens: int = _setting(3_000, "Most tokens of a document.")
    document_comments: int = _setting(1_000, "Most comments in a document.")
    document_operations: int = _setting(50, "Most operations in a document.")
    document_fragments: int = _setting(100, "Most fragments in a document.")
    document_depth: int = _setting(20, "Deepest nesting of braces in an operation, its fragments included.")
    document_root_fields: int = _setting(30, "Most fields at the top of an operation.")
    document_aliases: int = _setting(50, "Most aliases in an operation, its fragments included.")
    document_directives: int = _setting(50, "Most directives in an operation, its fragments included.")
    document_variables: int = _setting(50, "Most variables that an operation defines.")
    variables_depth: int = _setting(8, "Deepest nesting of lists and objects in the variables.")
    variables_size: int = _setting(500_000, "Most characters in the variables of a request.")
    cost_maximum: int = _setting(10_000, "Most that an operation may cost, by the schema's @cost; 0: no limit.")
    operation_timeout: float = _setting(10.0, "How long an operation may take, or one event of a stream; 0: no limit.")
    rate_address: int = _setting(20_000, "Cost that one address may ask for in a second; 0: no limit.")
    rate_viewer: int = _setting(2_000, "Cost that one viewer may ask for in a second; 0: no limit.")
    rate_burst: float = _setting(30.0, "So many seconds' worth of them at once.")
    rate_changes: int = _setting(600, "Changes of one kind by one reader in a minute; 0: no limit.")
    rate_connections: int = _setting(50, "New sockets and streams from one address in a second; 0: no limit.")
    introspection: bool = _setting(True, "Answer questions about the schema, and suggest names in errors.")
    persisted_documents: int = _setting(4_000_000, "Most bytes of documents that clients register by hash; 0: none.")
    trusted_documents: str = _setting("", "A folder of .graphql files or a manifest: documents known by their ids.")
    only_trusted_documents: bool = _setting(False, "Run those and no others.")
    tags_header: str = _setting("", "Header that names what an answer depends on, as Surrogate-Key; empty: none.")
    tags_header_size: int = _setting(8_000, "Most bytes of it; an answer with more is not for shared caches.")
    socket_operations: int = _setting(100, "Operations that run at once on one WebSocket.")
    socket_messages_per_second: int = _setting(
        100, "Messages of one WebSocket; ten seconds' worth at once; 0: no limit."
    )
    socket_init_timeout: float = _setting(10.0, "How long a WebSocket may wait before its connection_init.")
    socket_send_timeout: float = _setting(
        30.0, "A WebSocket or HTTP stream whose client reads nothing for so long is cut off."
    )
    socket_ping_interval: float = _setting(20.0, "How often a WebSocket is pinged.")
    socket_ping_timeout: float = _setting(20.0, "A WebSocket that does not answer a ping for so long is closed.")
    poll_interval: float = _setting(0.025, "How often other processes' commits are looked for.")
    write_queue: int = _setting(1_000, "Writes that may wait; more are UNAVAILABLE.")
    lock_timeout: float = _setting(5.0, "How long a change waits while another process holds the database.")
    readers: int = _setting(2, "Connections that read; more than one do only while a read is slow.")
    import_max_bytes: int = _setting(100_000_000, "Largest source that is imported, once decompressed.")
    import_items: int = _setting(50_000, "Most items of a source.")
    import_item_size: int = _setting(1_000_000, "Most characters of an item, its markup included.")
    import_memory: int = _setting(1_000_000_000, "Most bytes of memory that parsing may take.")
    import_parse_timeout: float = _setting(120.0, "How long parsing a source may take.")
    import_timeout: float = _setting(300.0, "How long fetching a source may take, with its redirects.")
    import_redirects: int = _setting(5, "Most redirects of a source.")
    import_private_hosts: bool = _setting(False, "Import from private and local addresses too.")

    def __post_init__(self) -> None:
        for problem, message in _CHECKS:
            if problem(self):
                raise SettingsError(message)

    @property
    def embedded(self) -> tuple[str, ...]:
        """The hosts of `embed_hosts`, for the pages' policies, too."""
        return tuple(listed(self.embed_hosts.lower()))

    @property
    def address(self) -> str:
        """The site's public address, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.site_url or f"http://{host}:{self.port}").rstrip("/")


def listed(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _no_origin(text: str) -> bool:
    """Browsers say a scheme, a host and a port, and nothing else."""
    try:
        parts = urlsplit(text)
        more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        return parts.scheme not in ("http", "https") or not parts.hostname or bool(more) or parts.port == 0
    except ValueError:
        return True


def _no_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return True
    return False


_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_CHECKS: list[tuple[Any, str]] = [
    (lambda s: not s.database.startswith("sqlite:///"), "database: only sqlite:///FILE is known."),
    (
        lambda s: s.secret and len(s.secret.encode()) < 32,
        "secret: at least 32 bytes (RFC 7518, 3.2).",
    ),
    (
        lambda s: s.jwks.lower().startswith("http://") and not s.jwks_private_hosts,
        "jwks: a file or an https address (jwks_private_hosts permits http).",
    ),
    (
        lambda s: not 0 < s.jwks_refresh <= s.jwks_keep,
        "jwks_refresh: more than 0, at most jwks_keep.",
    ),
    (lambda s: not 0 <= s.port <= 65_535, "port: 0 to 65535."),
    (lambda s: s.workers < 1, "workers: at least 1."),
    (
        lambda s: s.site_url and not s.site_url.startswith(("http://", "https://")),
        "site_url: an absolute http(s) address.",
    ),
    (
        lambda s: any(one != "*" and _no_origin(one) for one in listed(s.allowed_origins)),
        "allowed_origins: origins as https://blog.example:8443, without a path, or *.",
    ),
    (
        lambda s: any(map(_no_network, listed(s.trusted_proxies))),
        "trusted_proxies: addresses or networks, as 192.0.2.7 or 10.0.0.0/8.",
    ),
    (
        lambda s: s.proxy_header.lower() not in ("x-forwarded-for", "forwarded"),
        "proxy_header: X-Forwarded-For or Forwarded.",
    ),
    (
        lambda s: not all(_HOST.fullmatch(host) for host in s.embedded),
        "embed_hosts: names of hosts, without scheme, port or path.",
    ),
    (
        lambda s: s.address.lower().partition("://")[2].partition(":")[0].partition("/")[0] in s.embedded,
        "embed_hosts: not the site's own host, whose pages would run as parts of the site.",
    ),
    (
        lambda s: not re.fullmatch(r"[a-z]*( [a-z]+)*", s.link_rel),
        "link_rel: words of small letters, such as nofollow.",
    ),
    (lambda s: s.comment_mode not in ("PRE", "POST"), "comment_mode: PRE or POST."),
    (
        lambda s: s.moderation_hook and not s.moderation_hook.startswith(("http://", "https://")),
        "moderation_hook: an absolute http(s) address.",
    ),
    (
        lambda s: s.moderation_hook and len(s.moderation_hook_secret.encode()) < 24,
        "moderation_hook_secret: at least 24 bytes.",
    ),
    (
        lambda s: s.moderation_hook_failure not in ("hold", "publish", "refuse"),
        "moderation_hook_failure: hold, publish or refuse.",
    ),
    (
        lambda s: min(s.moderation_hook_timeout, s.moderation_hook_concurrency, s.moderation_hook_pause) <= 0,
        "moderation_hook_timeout, moderation_hook_concurrency, moderation_hook_pause: more than 0.",
    ),
    (lambda s: s.comment_first_held > 100, "comment_first_held: at most 100."),
    (lambda s: s.comment_repeat_authors > 100, "comment_repeat_authors: at most 100."),
    (
        lambda s: not 1 <= s.comment_min_length <= s.comment_max_length,
        "comment_min_length: 1 to comment_max_length.",
    ),
    (lambda s: not 1 <= s.page_default <= s.page_maximum, "page_default: 1 to page_maximum."),
    (
        lambda s: s.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"),
        "log_level: DEBUG, INFO, WARNING or ERROR.",
    ),
    (lambda s: s.log_format not in ("text", "json"), "log_format: text or json."),
    (
        lambda s: any(isinstance(v, (int, float)) and v < 0 for v in values(s).values()),
        "a negative number makes no sense here.",
    ),
    (
        lambda s: min(s.mailbox_size, s.readers, s.write_queue, s.replay_limit, s.socket_operations) < 1,
        "mailbox_size, readers, write_queue, replay_limit, socket_operations: at least 1.",
    ),
    (
        lambda s: min(s.article_elements, s.import_max_bytes, s.import_items, s.import_item_size) < 1,
        "article_elements, import_max_bytes, import_items, import_item_size: at least 1.",
    ),
    (
        lambda s: min(s.import_parse_timeout, s.import_timeout) <= 0,
        "import_parse_timeout, import_timeout: more than 0.",
    ),
    (lambda s: s.import_memory < 200_000_000, "import_memory: at least 200000000, which parsers take for themselves."),
    (lambda s: s.view_memory < 1, "view_memory: at least 1."),
    (
        lambda s: min(s.ranking_interval, s.poll_interval, s.view_flush, s.rate_burst) <= 0,
        "ranking_interval, poll_interval, view_flush, rate_burst: more than 0.",
    ),
    (
        lambda s: min(s.socket_init_timeout, s.socket_send_timeout, s.socket_ping_interval, s.socket_ping_timeout) <= 0,
        "socket_init_timeout, socket_send_timeout, socket_ping_interval, socket_ping_timeout: more than 0.",
    ),
    (
        lambda s: min(s.header_timeout, s.body_timeout, s.header_size, s.header_count) <= 0,
        "header_timeout, body_timeout, header_size, header_count: more than 0.",
    ),
    (
        lambda s: min(s.stream_heartbeat, s.drain_timeout, s.keep_alive, s.message_size) <= 0,
        "stream_heartbeat, drain_timeout, keep_alive, message_size: more than 0.",
    ),
]


def declared() -> list[Field[Any]]:
    """The settings in their order, each with its `metadata["help"]`."""
    return list(fields(Settings))


def values(settings: Settings) -> dict[str, Any]:
    return {f.name: getattr(settings, f.name) for f in fields(settings)}


def from_environment(environ: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """`given` wins over the environment, the environment over the defaults; None is not given."""
    found = {
        f.name: _parse(f, environ[PREFIX + f.name.upper()]) for f in declared() if PREFIX + f.name.upper() in environ
    }
    found.update({name: value for name, value in given.items() if value is not None})
    return Settings(**found)


def to_environment(settings: Settings) -> dict[str, str]:
    """What `from_environment` reads back as the same settings, for processes that we start."""
    return {PREFIX + name.upper(): str(value) for name, value in values(settings).items()}


_BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def _parse(setting: Field[Any], text: str) -> Any:
    kind: type[Any] = type(setting.default)
    try:
        return _BOOLEANS[text.strip().lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise SettingsError(f"{PREFIX}{setting.name.upper()}: {text!r} is no {kind.__name__}.") from None
