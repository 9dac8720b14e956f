"""The load client: N readers, each of whom posts the next comment when the one before was acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from read.operations import Asked
from read.servers import SECRET, Server

from newsgraph.auth import tokens
from newsgraph.domain.users import Claims, Role
from write.driving import driven
from write.figures import Figures
from write.people import NOW

_POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) { status commentEdge { node { id } } userErrors { code } }
}
"""


class Writers:
    """As many as there are connections; each writes under its own name, and all of them below the same articles."""

    def __init__(self, server: Server, articles: Sequence[str], writers: int) -> None:
        self._server, self._articles = server, articles
        self._tokens = [_token(number) for number in range(writers)]
        self._numbers = count(1)
        self.acknowledged: set[bytes] = set()

    def measure(self, seconds: float) -> Figures:
        """Errors: RuntimeError for a comment that is refused, and for one that gets another's id."""
        return driven(self._server, len(self._tokens), seconds, self._request, self._acknowledge)

    def _request(self, writer: int) -> bytes:
        number = next(self._numbers)
        article = self._articles[number % len(self._articles)]
        text = f"Comment {number}: the vote was closer than anyone expected."
        return Asked(_POST, {"input": {"articleId": article, "body": text}}).post(
            f"Authorization: Bearer {self._tokens[writer]}"
        )

    def _acknowledge(self, body: bytes) -> None:
        if b'"PUBLISHED"' not in body or body in self.acknowledged:
            raise RuntimeError(f"not posted: {body[:500]!r}")
        self.acknowledged.add(body)


def _token(number: int) -> str:
    return tokens.issue(SECRET, Claims(f"bench:{number}", f"Reader {number}", Role.READER, NOW, None))
