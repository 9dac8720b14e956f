// A frontend that uses the generated types: it compiles only where they say what the schema says.

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import {
  type CommentWidgetLiveSubscription,
  type CommentWidgetPageQuery,
  HeadlineDocument,
  type HeadlineQuery,
} from "./generated/graphql";

export const headline: TypedDocumentNode<HeadlineQuery, { slug: string }> = HeadlineDocument;

type Event = CommentWidgetLiveSubscription["commentEvents"];

export function told(event: Event): string {
  switch (event.__typename) {
    case "CommentAdded":
      return `${event.commentEdge.node.author?.name}: ${event.commentEdge.node.body ?? ""} (${event.commentCount})`;
    case "CommentChanged":
      return event.comment.id;
    case "CommentRemoved":
      return event.removedCommentId;
    case "StreamReset":
      return event.reason;
    case "StreamReady":
      return event.cursor;
  }
}

export function count(page: CommentWidgetPageQuery): number {
  return page.node && "commentCount" in page.node ? page.node.commentCount : 0;
}
