"""A program that uses the Python client which ariadne-codegen has made: it reads a page, then tells of one comment."""

import asyncio
import json
import sys

from news import Client, CommentOrder  # type: ignore[import-not-found]


def say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main(url: str, article: str) -> None:
    client = Client(url=url, ws_url=url.replace("http", "ws", 1))
    page = await client.comment_widget_page(article, first=20, order_by=CommentOrder.NEWEST)
    comments = page.node.comments
    say(bodies=[edge.node.body for edge in comments.edges])
    async for told in client.comment_widget_live(article_id=article, after=comments.live_cursor):
        event = told.comment_events
        say(event=event.typename__)
        if event.typename__ == "CommentAdded":
            say(body=event.comment_edge.node.body, by=event.comment_edge.node.author.name)
            return


asyncio.run(main(*sys.argv[1:]))
