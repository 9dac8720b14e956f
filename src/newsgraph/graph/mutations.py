"""The root of all changes. Each is an action; what the person can put right comes back as userErrors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import strawberry

from newsgraph.actions import articles, comments, lists, users
from newsgraph.actions.newsroom import Keep
from newsgraph.actions.views import View
from newsgraph.domain.cursors import number
from newsgraph.domain.errors import Problem, ProblemDetail
from newsgraph.domain.lists import parse_list_key
from newsgraph.graph import articles as shown_articles
from newsgraph.graph import comments as shown
from newsgraph.graph import inputs
from newsgraph.graph.context import Context, Info
from newsgraph.graph.directives import cost
from newsgraph.graph.enums import ArticleErrorCode, CommentErrorCode, CommentStatus, ListErrorCode
from newsgraph.graph.lists import listing, read_key
from newsgraph.graph.payloads import (
    ArticlePayload,
    CommentPayload,
    PostCommentPayload,
    RankedListPayload,
    RecordViewPayload,
    RestrictUserPayload,
)
from newsgraph.graph.types import by

T = TypeVar("T")
Code = CommentErrorCode | ArticleErrorCode | ListErrorCode


@dataclass(frozen=True, slots=True)
class Outcome:
    """What every payload is made of; a field that a payload lacks is never asked for."""

    client_mutation_id: str | None
    user_errors: tuple[ProblemDetail, ...] = ()
    comment: Any = None
    comment_edge: Any = None
    status: CommentStatus | None = None
    article: Any = None
    ranked_list: Any = None
    user: Any = None
    counted: bool = False


async def _attempt(context: Context, action: Awaitable[T]) -> tuple[T | None, tuple[ProblemDetail, ...]]:
    """The action's result or what was wrong. Whatever was read before is forgotten."""
    try:
        return await action, ()
    except Problem as problem:
        return None, (problem.detail,)
    finally:
        context.refresh()


def _number(global_: str, type_name: str, field: str, missing: Code) -> int:
    found = number(global_, type_name)
    if found is None:
        raise Problem(ProblemDetail(missing, f"There is no such {type_name.lower()}.", ("input", field)))
    return found


def _comment_number(global_: str, field: str = "id") -> int:
    return _number(global_, "Comment", field, CommentErrorCode.NOT_FOUND)


def _article_number(global_: str, field: str = "id") -> int:
    return _number(global_, "Article", field, ArticleErrorCode.NOT_FOUND)


def _given(value: Any, left_out: Any = None) -> Any:
    return left_out if value is strawberry.UNSET else value


def _kept(value: Any) -> Any:
    """For updates: left out means that it stays."""
    return _given(value, Keep.KEEP)


def _required(value: Any) -> Any:
    """For updates of what cannot be taken away: null is as good as left out."""
    return Keep.KEEP if value is strawberry.UNSET or value is None else value


# Comments


async def post_comment(info: Info, input: inputs.PostCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> comments.Posted:
        article = _number(input.article_id, "Article", "articleId", CommentErrorCode.NOT_FOUND)
        parent = _given(input.parent_id)
        parent_id = None
        if parent is not None:
            parent_id = _number(parent, "Comment", "parentId", CommentErrorCode.PARENT_UNAVAILABLE)
        command = comments.PostComment(article, parent_id, input.body, key)
        return await comments.post(context.newsroom, context.viewer, command)

    posted, errors = await _attempt(context, act())
    if posted is None:
        return Outcome(key, errors)
    comment = posted.comment or await shown.visible(context, posted.comment_id)
    edge = shown.edge(comment) if comment is not None and comment.published else None
    return Outcome(key, comment_edge=edge, status=posted.status)


async def _comment_outcome(context: Context, action: Awaitable[int], key: str | None) -> Outcome:
    comment_id, errors = await _attempt(context, action)
    comment = None if comment_id is None else await shown.visible(context, comment_id)
    return Outcome(key, errors, comment=comment)


async def edit_comment(info: Info, input: inputs.EditCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = comments.EditComment(_comment_number(input.id), input.body, key)
        return await comments.edit(context.newsroom, context.viewer, command)

    return await _comment_outcome(context, act(), key)


async def remove_comment(info: Info, input: inputs.RemoveCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = comments.RemoveComment(_comment_number(input.id), key)
        return await comments.remove(context.newsroom, context.viewer, command)

    return await _comment_outcome(context, act(), key)


async def react_to_comment(info: Info, input: inputs.ReactToCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = comments.ReactToComment(_comment_number(input.id), _given(input.kind), key)
        return await comments.react(context.newsroom, context.viewer, command)

    return await _comment_outcome(context, act(), key)


async def flag_comment(info: Info, input: inputs.FlagCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        note = _given(input.note)
        command = comments.FlagComment(_comment_number(input.id), input.reason, note, key)
        return await comments.flag(context.newsroom, context.viewer, command)

    return await _comment_outcome(context, act(), key)


async def moderate_comment(info: Info, input: inputs.ModerateCommentInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = comments.ModerateComment(
            comment_id=_comment_number(input.id),
            to=_given(input.to),
            featured=_given(input.featured),
            reason=_given(input.reason),
            key=key,
        )
        return await comments.moderate(context.newsroom, context.viewer, command)

    return await _comment_outcome(context, act(), key)


# Articles


async def _article_outcome(context: Context, action: Awaitable[int], key: str | None) -> Outcome:
    article_id, errors = await _attempt(context, action)
    article = None if article_id is None else await shown_articles.visible(context, article_id)
    return Outcome(key, errors, article=article)


async def set_comment_policy(info: Info, input: inputs.SetCommentPolicyInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = articles.SetCommentRules(
            article_id=_article_number(input.article_id, "articleId"),
            open=_required(input.open),
            mode=_kept(input.mode),
            max_length=_kept(input.max_length),
            closes_at=_kept(input.closes_at),
            key=key,
        )
        return await articles.set_comment_rules(context.newsroom, context.viewer, command)

    return await _article_outcome(context, act(), key)


async def publish_article(info: Info, input: inputs.PublishArticleInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)
    image = _given(input.lead_image)
    command = articles.PublishArticle(
        headline=input.headline,
        standfirst=_given(input.standfirst),
        body_html=input.body_html,
        section=input.section,
        authors=tuple(input.authors),
        slug=_given(input.slug),
        tags=tuple(_given(input.tags) or ()),
        language=_given(input.language),
        lead_image=image.value() if image else None,
        publish_at=_given(input.publish_at),
        key=key,
    )
    return await _article_outcome(context, articles.publish(context.newsroom, context.viewer, command), key)


async def update_article(info: Info, input: inputs.UpdateArticleInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)
    image, tags, names = _kept(input.lead_image), _required(input.tags), _required(input.authors)

    async def act() -> int:
        command = articles.UpdateArticle(
            article_id=_article_number(input.id),
            headline=_required(input.headline),
            standfirst=_kept(input.standfirst),
            body_html=_required(input.body_html),
            section=_required(input.section),
            authors=names if names is Keep.KEEP else tuple(names),
            tags=tags if tags is Keep.KEEP else tuple(tags),
            lead_image=image.value() if isinstance(image, inputs.ImageInput) else image,
            key=key,
        )
        return await articles.update(context.newsroom, context.viewer, command)

    return await _article_outcome(context, act(), key)


async def retract_article(info: Info, input: inputs.RetractArticleInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = articles.RetractArticle(_article_number(input.id), _given(input.reason), key)
        return await articles.retract(context.newsroom, context.viewer, command)

    return await _article_outcome(context, act(), key)


async def record_view(info: Info, input: inputs.RecordViewInput) -> Outcome:
    context = info.context
    article_id, counted = number(input.article_id, "Article"), False
    if article_id is not None:
        reader = f"{context.viewer.user_id or context.reader.address} {context.reader.agent}"
        view = View(article_id, reader, context.reader.agent, context.reader.ahead)
        counted = await context.services.views.record(context.newsroom, view)
    return Outcome(_given(input.client_mutation_id), counted=counted)


# Lists


async def curate_list(info: Info, input: inputs.CurateListInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> str:
        excluded = _given(input.excluded_ids)
        name = read_key(input.key)
        command = lists.CurateList(
            key=str(name) if name else input.key,
            title=_given(input.title),
            pinned_ids=_listed(input.pinned_ids, "pinnedIds"),
            excluded_ids=None if excluded is None else _listed(excluded, "excludedIds"),
            if_version=_given(input.if_version),
            mutation_key=key,
        )
        return await lists.curate(context.newsroom, context.viewer, command)

    list_key, errors = await _attempt(context, act())
    name = None if list_key is None else parse_list_key(list_key)
    return Outcome(key, errors, ranked_list=name and await listing(context, name))


def _listed(ids: list[strawberry.ID], field: str) -> tuple[int, ...]:
    return tuple(_number(one, "Article", field, ListErrorCode.UNKNOWN_ARTICLE) for one in ids)


# People


async def restrict_user(info: Info, input: inputs.RestrictUserInput) -> Outcome:
    context, key = info.context, _given(input.client_mutation_id)

    async def act() -> int:
        command = users.RestrictUser(
            user_id=_number(input.user_id, "Commenter", "userId", CommentErrorCode.NOT_FOUND),
            suspended_until=_kept(input.suspended_until),
            banned=_given(input.banned),
            premoderated=_given(input.premoderated),
            reason=_given(input.reason),
            key=key,
        )
        return await users.restrict(context.newsroom, context.viewer, command)

    user_id, errors = await _attempt(context, act())
    user = None if user_id is None else await context.loaders.user.load(user_id)
    return Outcome(key, errors, user=user)


def change(resolver: Callable[[Info, Any], Awaitable[Outcome]], description: str) -> Any:
    """A mutation. Each waits for the disk, however little is asked of its payload."""
    return by(_once(resolver), description, cost(10))


def _once(resolver: Callable[[Info, Any], Awaitable[Outcome]]) -> Callable[[Info, Any], Awaitable[Outcome]]:
    """Done once for each field of an operation: what a payload cannot show is executed again (engine.execution)."""

    @wraps(resolver)
    async def once(info: Info, input: Any) -> Outcome:
        done, field = info.context.done, id(info._raw_info.field_nodes[0])
        if field not in done:
            done[field] = await _told(resolver(info, input))
        outcome: Outcome = done[field]()
        return outcome

    return once


async def _told(change: Awaitable[Outcome]) -> Callable[[], Outcome]:
    """Returns the outcome, or raises it, however often it is asked."""
    try:
        outcome = await change
    except Exception as error:
        failure = error

        def fail() -> Outcome:
            raise failure

        return fail
    return lambda: outcome


@strawberry.type(
    description="clientMutationId is the idempotency key of its viewer: repeating it returns the first result."
)
class Mutation:
    post_comment: PostCommentPayload = change(
        post_comment,
        "Signed-in readers. clientMutationId is the idempotency key of its viewer: repeating it returns the "
        "first result, never a second comment.",
    )
    edit_comment: CommentPayload = change(edit_comment, "Its author, within the edit window.")
    remove_comment: CommentPayload = change(remove_comment, "Its author, for good.")
    react_to_comment: CommentPayload = change(
        react_to_comment, "Signed-in readers. kind null takes the viewer's reaction back."
    )
    flag_comment: CommentPayload = change(flag_comment, "Signed-in readers; once for each comment.")
    moderate_comment: CommentPayload = change(moderate_comment, "Moderators.")
    set_comment_policy: ArticlePayload = change(set_comment_policy, "Moderators.")
    restrict_user: RestrictUserPayload = change(
        restrict_user, "Moderators. Suspend until a time, ban, hold what they write, or lift it."
    )
    publish_article: ArticlePayload = change(publish_article, "Editors.")
    update_article: ArticlePayload = change(update_article, "Editors. Fields left out stay as they are.")
    retract_article: ArticlePayload = change(retract_article, "Editors. Readers no longer find it anywhere.")
    curate_list: RankedListPayload = change(
        curate_list,
        "Editors. Pinned ids first, the ranking fills up. STALE unless ifVersion is the list's version.",
    )
    record_view: RecordViewPayload = change(
        record_view,
        "Anybody. counted says whether this view was counted (bots and repeats within the window are not).",
    )
