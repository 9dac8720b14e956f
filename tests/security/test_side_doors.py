"""Other ways to what is hidden: by global id, by slug, by focus, by search, through a parent, by a stream."""

from __future__ import annotations

from newsgraph.domain.users import Role
from tests.security.cases import Back, Case, Sent, each
from tests.security.site import (
    DRAFT,
    OF_RETRACTED,
    PENDING,
    REJECTED,
    REMARK,
    REMOVED,
    RETRACTED,
    SECRETS,
    WITHHELD,
    Site,
)

_ARTICLE = "... on Article { headline standfirst bodyText bodyHtml slug url comments { nodes { body } } }"
_COMMENT = (
    "... on Comment { body author { name } parent { body } permalink article { headline } replies { nodes { body } } }"
)
_HIDDEN = (DRAFT, RETRACTED, WITHHELD, REJECTED, REMOVED, PENDING, OF_RETRACTED)
NEVER = (*SECRETS.values(), REMARK)


def _node(id_: str) -> str:
    return f'{{ node(id: "{id_}") {{ {_ARTICLE} {_COMMENT} }} }}'


def _nodes(*ids: str) -> str:
    asked = ", ".join(f'"{one}"' for one in ids)
    return f"{{ nodes(ids: [{asked}]) {{ __typename {_ARTICLE} {_COMMENT} }} }}"


def _hidden(name: str, query: str, back: Back) -> list[Case]:
    """By nobody in particular and by roles that give no right to it."""
    asked = [(None, "nobody"), (Role.STAFF, "staff")]
    return [Case(f"{name} by {who}", Sent(query, by=role), back) for role, who in asked]


NOTHING = Back(data={"node": None}, never=NEVER)

CASES = [
    *[case for secret in _HIDDEN for case in _hidden(f"node of {SECRETS[secret]}", _node(secret), NOTHING)],
    *_hidden("nodes of all at once", _nodes(*_HIDDEN), Back(data={"nodes": [None] * len(_HIDDEN)}, never=NEVER)),
    *_hidden(
        "article by slug",
        f'{{ a: article(slug: "{SECRETS[DRAFT]}") {{ url }} b: article(slug: "{SECRETS[RETRACTED]}") {{ url }} }}',
        Back(data={"a": None, "b": None}),
    ),
    *_hidden(
        "articles of a section, an author and a search",
        '{ section(slug: "asia") { articles { totalCount nodes { headline } } } articles { nodes { headline } }'
        f' author(slug: "ada-writer") {{ articles {{ nodes {{ headline }} }} }}'
        f' search(query: "{SECRETS[DRAFT]}") {{ totalCount }} gone: search(query: "xretractedx") {{ totalCount }} }}',
        Back(
            data={
                "section": {"articles": {"totalCount": 1, "nodes": [{"headline": "Public"}]}},
                "articles": {"nodes": [{"headline": "Public"}]},
                "author": {"articles": {"nodes": [{"headline": "Public"}]}},
                "search": {"totalCount": 0},
                "gone": {"totalCount": 0},
            }
        ),
    ),
]


@each(CASES)
async def test_what_is_hidden_stays_hidden(site: Site, case: Case) -> None:
    await site.keeps(case)
