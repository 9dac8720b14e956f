import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CommentEdge,
  type CommentNode,
  type CommentPage,
  type CommentRemoved,
  foldComments,
  type FoldOptions,
} from "./index.ts";

const at = (minute: number) => `2026-07-01T12:${String(minute).padStart(2, "0")}:00Z`;

function edge(id: string, minute: number, more: Partial<CommentNode> = {}): CommentEdge {
  const node = { id, body: `Text of ${id}.`, author: { name: "Kim" }, createdAt: at(minute), replyCount: 0, ...more };
  return { cursor: `at ${id}`, node };
}

function answered(id: string, minute: number, ...replies: CommentEdge[]): CommentEdge {
  return edge(id, minute, { replyCount: replies.length, replies: { edges: replies, totalCount: replies.length } });
}

function page(edges: CommentEdge[], hasNextPage = false): CommentPage {
  return { commentCount: 9, comments: { edges, totalCount: edges.length, pageInfo: { hasNextPage } } };
}

function add(page: CommentPage, edge: CommentEdge, parentId: string | null = null, options?: FoldOptions): CommentPage {
  return foldComments(page, { __typename: "CommentAdded", commentEdge: edge, parentId, commentCount: 10 }, options);
}

const removal = (id: string): CommentRemoved => ({
  __typename: "CommentRemoved",
  removedCommentId: id,
  parentId: null,
  commentCount: 8,
});

/** Ids as a thread: `a(b c) d`. */
function shape({ comments }: { comments: CommentPage["comments"] }): string {
  const one = ({ node }: CommentEdge): string =>
    (node.body === null ? `[${node.id}]` : node.id) +
    (node.replies?.edges.length ? `(${shape({ comments: node.replies })})` : "");
  return comments.edges.map(one).join(" ");
}

function nodeOf(page: CommentPage, id: string): CommentNode {
  const all = (edges: readonly CommentEdge[]): CommentNode[] =>
    edges.flatMap(({ node }) => [node, ...all(node.replies?.edges ?? [])]);
  return all(page.comments.edges).find((node) => node.id === id)!;
}

const places: [string, FoldOptions["order"], boolean, number, string][] = [
  ["newest first: a new one is first", "NEWEST", false, 30, "new b a"],
  ["newest first: an approved one goes where its time is", "NEWEST", false, 15, "b new a"],
  ["newest first: the oldest of all is last", "NEWEST", false, 5, "b a new"],
  ["newest first: beyond what is loaded it waits for its page", "NEWEST", true, 5, "b a"],
  ["oldest first: a new one is last", "OLDEST", false, 30, "a b new"],
  ["oldest first: beyond what is loaded it waits for its page", "OLDEST", true, 30, "a b"],
  ["oldest first: an approved one goes where its time is, whatever follows", "OLDEST", true, 15, "a new b"],
  ["oldest first: the oldest of all is first", "OLDEST", true, 5, "new a b"],
  ["most replied: nobody has answered it yet", "MOST_REPLIED", false, 30, "a b new"],
  ["most reacted: beyond what is loaded it waits for its page", "MOST_REACTED", true, 30, "a b"],
];
for (const [name, order, more, minute, expected] of places) {
  test(`added, ${name}`, () => {
    const edges = order === "NEWEST" ? [edge("b", 20), edge("a", 10)] : [edge("a", 10), edge("b", 20)];
    const before = page(edges, more);
    const after = add(before, edge("new", minute), null, { order });
    assert.equal(shape(after), expected);
    assert.equal(after.commentCount, 10);
    assert.equal(after.comments.totalCount, after.comments.edges.length);
    assert.equal(shape(before), edges.map(({ node }) => node.id).join(" "), "nothing is changed in place");
  });
}

test("added at the same time as another: the newer event comes first", () => {
  assert.equal(shape(add(page([edge("a", 10)]), edge("new", 10))), "new a");
});

test("added before the page that a permalink has opened: it comes with the page before", () => {
  const before = page([edge("b", 20)]);
  const comments = { ...before.comments, pageInfo: { hasNextPage: false, hasPreviousPage: true } };
  assert.equal(shape(add({ ...before, comments }, edge("new", 30))), "b");
});

test("added without times: newest first", () => {
  const after = add(page([{ node: { id: "a" } }]), { node: { id: "new" } });
  assert.equal(shape(after), "new a");
});

test("added twice is added once, and the second brings it up to date", () => {
  const once = add(page([edge("a", 10)]), edge("new", 30));
  const twice = add(once, edge("new", 30, { body: "Edited." }));
  assert.equal(shape(twice), "new a");
  assert.equal(nodeOf(twice, "new").body, "Edited.");
  assert.equal(twice.comments.totalCount, 2);
});

test("a reply goes below its parent, at any depth", () => {
  const before = page([answered("a", 10, answered("b", 11)), answered("c", 20)]);
  const after = add(before, edge("new", 30), "b");
  assert.equal(shape(after), "a(b(new)) c");
  assert.equal(nodeOf(after, "b").replyCount, 1);
  assert.equal(nodeOf(after, "b").replies?.totalCount, 1);
  assert.equal(nodeOf(after, "a").replyCount, 1);
  assert.equal(after.comments.edges[1], before.comments.edges[1], "what has not changed is the same object");
});

test("a reply beyond those that are loaded is counted, and so it is where none are", () => {
  const partly = edge("a", 10, { replyCount: 3, replies: { edges: [edge("b", 11)], totalCount: 3 } });
  const after = add(page([partly, edge("c", 5, { replyCount: 1 })]), edge("new", 30), "a");
  assert.equal(shape(after), "a(b) c");
  assert.equal(nodeOf(after, "a").replyCount, 4);
  assert.equal(nodeOf(add(after, edge("other", 31), "c"), "c").replyCount, 2);
});

test("a reply that says how many its parent has is believed", () => {
  const reply = edge("new", 30, { parent: { id: "a", replyCount: 7 } });
  assert.equal(nodeOf(add(page([edge("a", 10, { replyCount: 2 })]), reply, "a"), "a").replyCount, 7);
});

test("a reply to a comment that is not loaded changes the count alone", () => {
  const before = page([edge("a", 10)]);
  const after = add(before, edge("new", 30), "elsewhere");
  assert.equal(after.comments, before.comments);
  assert.equal(after.commentCount, 10);
});

test("changed: new fields, and the replies that are loaded stay", () => {
  const before = page([answered("a", 10, edge("b", 11))]);
  const comment = { id: "a", body: "Edited.", replies: { edges: [] } };
  const after = foldComments(before, { __typename: "CommentChanged", comment });
  assert.equal(shape(after), "a(b)");
  assert.equal(nodeOf(after, "a").body, "Edited.");
  assert.deepEqual(nodeOf(after, "a").author, { name: "Kim" });
});

test("changed: a comment that is not here changes nothing at all", () => {
  const before = page([edge("a", 10)]);
  assert.equal(foldComments(before, { __typename: "CommentChanged", comment: { id: "x", body: "?" } }), before);
});

test("removed: gone", () => {
  const after = foldComments(page([edge("b", 20), edge("a", 10)]), removal("b"));
  assert.equal(shape(after), "a");
  assert.deepEqual([after.commentCount, after.comments.totalCount], [8, 1]);
});

test("removed with replies: an empty place, which goes with the last of them", () => {
  let thread = page([answered("a", 10, edge("b", 11), edge("c", 12)), edge("d", 5)]);
  thread = foldComments(thread, removal("a"));
  assert.equal(shape(thread), "[a](b c) d");
  assert.deepEqual([nodeOf(thread, "a").body, nodeOf(thread, "a").author], [null, null]);
  thread = foldComments(thread, removal("b"));
  assert.equal(shape(thread), "[a](c) d");
  assert.equal(nodeOf(thread, "a").replyCount, 1);
  assert.equal(shape(foldComments(thread, removal("c"))), "d");
});

test("removed with replies that are not loaded: an empty place", () => {
  assert.equal(shape(foldComments(page([edge("a", 10, { replyCount: 2 })]), removal("a"))), "[a]");
});

test("empty places within empty places go together", () => {
  let thread = page([answered("a", 10, answered("b", 11, edge("c", 12)))]);
  for (const id of ["a", "b", "c"]) thread = foldComments(thread, removal(id));
  assert.equal(shape(thread), "");
});

test("removed: what was never here is no event", () => {
  const before = page([edge("a", 10)]);
  const after = foldComments(before, removal("x"));
  assert.equal(after.comments, before.comments);
});

test("what else was asked for stays", () => {
  const before = { ...page([edge("a", 10)]), headline: "Storm" };
  assert.equal(foldComments(before, removal("a")).headline, "Storm");
});
