// A page of comments and the events of its stream.

import type { StreamReady, StreamReset } from "./live.ts";

/** A comment as far as it was asked for; whatever else was asked for stays with it. */
export interface CommentNode {
  id: string;
  body?: string | null;
  author?: object | null;
  status?: string;
  createdAt?: string;
  replyCount?: number;
  parent?: { id: string; replyCount?: number } | null;
  replies?: CommentConnection | null;
}

export interface CommentEdge {
  cursor?: string;
  node: CommentNode;
}

export interface CommentConnection {
  edges: readonly CommentEdge[];
  totalCount?: number;
  /** Of all that has been loaded: whether there is more after its last edge, and before its first. */
  pageInfo?: { hasNextPage?: boolean; hasPreviousPage?: boolean };
}

/** `article { commentCount comments { edges { node { id … replies { edges … } } } pageInfo { hasNextPage } } }` */
export interface CommentPage {
  commentCount?: number;
  comments: CommentConnection;
}

export interface CommentAdded {
  __typename: "CommentAdded";
  cursor?: string;
  commentEdge: CommentEdge;
  parentId?: string | null;
  commentCount?: number;
}

export interface CommentChanged {
  __typename: "CommentChanged";
  cursor?: string;
  comment: CommentNode;
}

export interface CommentRemoved {
  __typename: "CommentRemoved";
  cursor?: string;
  removedCommentId: string;
  parentId?: string | null;
  commentCount?: number;
}

export type CommentEvent = StreamReady | StreamReset | CommentAdded | CommentChanged | CommentRemoved;

export type CommentOrder = "NEWEST" | "OLDEST" | "MOST_REPLIED" | "MOST_REACTED";

/** `orderBy` as the page, and as the replies below a comment, were asked for. */
export interface FoldOptions {
  order?: CommentOrder;
  repliesOrder?: CommentOrder;
}

/**
 * The page after this event.
 *
 * A new comment goes where the order puts it, unless that is beyond what has been loaded: then it comes with the page
 * that is loaded there. One that is here already is brought up to date in its place, so an event may be folded twice. A removed comment
 * with replies keeps its place, empty, until its last reply is gone. `totalCount` counts what came and went here;
 * `commentCount` is what the server says.
 */
export function foldComments<P extends CommentPage>(page: P, event: CommentEvent, options: FoldOptions = {}): P {
  switch (event.__typename) {
    case "CommentAdded":
      return counted(withComments(page, added(page.comments, event, options)), event.commentCount);
    case "CommentChanged":
      return withComments(page, changed(page.comments, event.comment));
    case "CommentRemoved":
      return counted(withComments(page, removed(page.comments, event.removedCommentId)), event.commentCount);
    default:
      return page;
  }
}

function withComments<P extends CommentPage>(page: P, comments: CommentConnection): P {
  return comments === page.comments ? page : { ...page, comments };
}

function counted<P extends CommentPage>(page: P, commentCount: number | undefined): P {
  const same = commentCount === undefined || page.commentCount === commentCount;
  return same ? page : { ...page, commentCount };
}

// --- added ---

function added(connection: CommentConnection, event: CommentAdded, options: FoldOptions): CommentConnection {
  const { commentEdge: edge, parentId } = event;
  if (has(connection, edge.node.id)) return changed(connection, edge.node);
  if (parentId == null) return inserted(connection, edge, options.order ?? "NEWEST");
  return mapped(connection, parentId, (parent) => answered(parent, edge, options.repliesOrder ?? "OLDEST"));
}

/** The comment with one more reply. */
function answered(parent: CommentNode, edge: CommentEdge, order: CommentOrder): CommentNode {
  const answer: CommentNode = { ...parent };
  if (parent.replyCount !== undefined) answer.replyCount = edge.node.parent?.replyCount ?? parent.replyCount + 1;
  if (parent.replies) answer.replies = inserted(parent.replies, edge, order);
  return answer;
}

function inserted(connection: CommentConnection, edge: CommentEdge, order: CommentOrder): CommentConnection {
  const place = placeOf(connection.edges, edge.node, order);
  if (place === connection.edges.length && goesOn(connection)) return connection;
  if (place === 0 && connection.pageInfo?.hasPreviousPage) return connection;
  return resized(connection, connection.edges.toSpliced(place, 0, edge), 1);
}

/** Comments that have waited for approval are older than some that are shown: their time says where they belong. */
function placeOf(edges: readonly CommentEdge[], { createdAt }: CommentNode, order: CommentOrder): number {
  if (order !== "NEWEST" && order !== "OLDEST") return edges.length; // nobody has answered it, or reacted to it
  if (order === "NEWEST") {
    const place = edges.findIndex(({ node }) => !isBefore(createdAt, node.createdAt));
    return place < 0 ? edges.length : place;
  }
  return edges.findLastIndex(({ node }) => !isBefore(createdAt, node.createdAt)) + 1;
}

/** Times that were not asked for are taken for those of new comments: now. */
function isBefore(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && Date.parse(one) < Date.parse(other);
}

function goesOn({ edges, pageInfo, totalCount }: CommentConnection): boolean {
  return pageInfo?.hasNextPage ?? (totalCount !== undefined && totalCount > edges.length);
}

// --- changed ---

function changed(connection: CommentConnection, comment: CommentNode): CommentConnection {
  return mapped(connection, comment.id, (node) => ({ ...node, ...comment, ...keptReplies(node) }));
}

/** Those that are loaded; the event's are those of its own selection. */
function keptReplies({ replies }: CommentNode): Pick<CommentNode, "replies"> {
  return replies ? { replies } : {};
}

// --- removed ---

function removed(connection: CommentConnection, id: string): CommentConnection {
  let rest = connection;
  for (const edge of connection.edges) {
    const { node } = edge;
    if (node.id === id) rest = isAnswered(node) ? swapped(rest, emptied(node)) : without(rest, id);
    else if (node.replies) rest = lessened(rest, node, removed(node.replies, id));
  }
  return rest;
}

/** With the replies that this comment has left. An empty place goes with its last reply. */
function lessened(connection: CommentConnection, node: CommentNode, replies: CommentConnection): CommentConnection {
  if (replies === node.replies) return connection;
  const gone = (node.replies?.edges.length ?? 0) - replies.edges.length;
  const left: CommentNode = { ...node, replies };
  if (node.replyCount !== undefined) left.replyCount = Math.max(0, node.replyCount - gone);
  return node.body === null && !isAnswered(left) ? without(connection, node.id) : swapped(connection, left);
}

function isAnswered({ replyCount, replies }: CommentNode): boolean {
  return (replyCount ?? 0) > 0 || (replies?.edges.length ?? 0) > 0;
}

function emptied(node: CommentNode): CommentNode {
  const empty: CommentNode = { ...node, body: null, author: null };
  if (node.status !== undefined) empty.status = "REMOVED";
  return empty;
}

// --- connections ---

function has({ edges }: CommentConnection, id: string): boolean {
  return edges.some(({ node }) => node.id === id || (node.replies ? has(node.replies, id) : false));
}

/** With this comment, wherever it is, as `change` makes it; the same connection when it is not here. */
function mapped(
  connection: CommentConnection,
  id: string,
  change: (node: CommentNode) => CommentNode,
): CommentConnection {
  let rest = connection;
  for (const { node } of connection.edges) {
    if (node.id === id) rest = swapped(rest, change(node));
    else if (node.replies) {
      const replies = mapped(node.replies, id, change);
      if (replies !== node.replies) rest = swapped(rest, { ...node, replies });
    }
  }
  return rest;
}

function swapped(connection: CommentConnection, node: CommentNode): CommentConnection {
  const edges = connection.edges.map((edge) => (edge.node.id === node.id ? { ...edge, node } : edge));
  return { ...connection, edges };
}

function without(connection: CommentConnection, id: string): CommentConnection {
  return resized(connection, connection.edges.filter(({ node }) => node.id !== id), -1);
}

function resized(connection: CommentConnection, edges: readonly CommentEdge[], by: number): CommentConnection {
  const { totalCount } = connection;
  return totalCount === undefined ? { ...connection, edges } : { ...connection, edges, totalCount: totalCount + by };
}
