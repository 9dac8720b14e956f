import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card, CommentEvent, Id, Order, Page } from "./model";
import { begin, branchOf, extend, fold, hidden, insert, placeable, react, removed, renewed, reveal, ROOT, type Thread } from "./thread";

function card(id: Id, minute: number, more: Partial<Card> = {}): Card {
  return {
    id,
    body: `Text of ${id}.`,
    author: { id: "kim", name: "Kim", badges: [] },
    createdAt: `2026-07-01T12:${String(minute).padStart(2, "0")}:00Z`,
    editedAt: null,
    editableUntil: null,
    depth: 0,
    replyCount: 0,
    permalink: `https://news.example/a#comment-${minute}`,
    featured: false,
    parent: null,
    reactions: [],
    ...more,
  };
}

function below(parent: Id, id: Id, minute: number, more: Partial<Card> = {}): Card {
  return card(id, minute, { depth: 1, parent: { id: parent }, ...more });
}

function page(cards: readonly Card[], hasNextPage = false): Page {
  return { edges: cards.map((node) => ({ node })), pageInfo: { hasNextPage, endCursor: cards.at(-1)?.id ?? null } };
}

function start(cards: readonly Card[], more = false, order: Order = "NEWEST"): Thread {
  return begin(order, cards.length, page(cards, more));
}

const added = (node: Card, commentCount = 9): CommentEvent => ({
  __typename: "CommentAdded",
  cursor: "c",
  commentCount,
  commentEdge: { node },
});

const gone = (id: Id, parentId: Id | null = null): CommentEvent => ({
  __typename: "CommentRemoved",
  cursor: "c",
  removedCommentId: id,
  parentId,
  commentCount: 8,
});

/** Ids as a thread: `a(b [c]) d +2`; brackets are tombstones, +n replies or comments that are not shown. */
function shape(thread: Thread, parent: Id = ROOT): string {
  const branch = branchOf(thread, parent);
  const parts = branch.ids.map((id) => {
    const inner = shape(thread, id);
    return (thread.cards.get(id)?.body === null ? `[${id}]` : id) + (inner ? `(${inner})` : "");
  });
  const rest = parent === ROOT ? (branch.more ? 1 : 0) : hidden(thread, parent);
  return [...parts, ...(rest ? [`+${rest}`] : [])].join(" ");
}

const answered = card("a", 10, { replyCount: 2, replies: page([below("a", "b", 11), below("a", "c", 12)]) });
const longer = card("a", 10, { replyCount: 5, replies: page([below("a", "b", 11), below("a", "c", 12)], true) });

const places: readonly [string, Order, boolean, number, string][] = [
  ["newest: a new one is first", "NEWEST", false, 30, "new b a"],
  ["newest: one that was held stands where its time is", "NEWEST", false, 15, "b new a"],
  ["newest: the oldest of all is last", "NEWEST", false, 5, "b a new"],
  ["newest: beyond what is loaded it comes with its page", "NEWEST", true, 5, "b a +1"],
  ["oldest: a new one is last", "OLDEST", false, 30, "a b new"],
  ["oldest: one that was held stands where its time is", "OLDEST", false, 15, "a new b"],
  ["most replies: a new one has none", "MOST_REPLIED", false, 30, "b a new"],
];

for (const [name, order, more, minute, expected] of places) {
  test(`a comment arrives. ${name}`, () => {
    const cards = order === "OLDEST" ? [card("a", 10), card("b", 20)] : [card("b", 20), card("a", 10)];
    const told = fold(start(cards, more, order), added(card("new", minute)));
    assert.equal(told.count, 9);
    assert.equal(shape(told), shape(start(cards, more, order)), "it waits until it is revealed");
    assert.equal(shape(reveal(told)), expected);
  });
}

test("orders that are not by time have no place for what is new while there is more", () => {
  assert.ok(placeable(start([card("a", 1)], true, "NEWEST")));
  assert.ok(!placeable(start([card("a", 1)], true, "MOST_REACTED")));
});

test("twice is as good as once", () => {
  const once = reveal(fold(start([answered]), added(below("a", "d", 13, { parent: { id: "a", replyCount: 3 } }))));
  assert.equal(shape(once), "a(b c d)");
  const twice = reveal(fold(once, added(below("a", "d", 13, { parent: { id: "a", replyCount: 3 } }))));
  assert.deepEqual(twice, once);
  const thrice = fold(fold(once, gone("d", "a")), gone("d", "a"));
  assert.equal(shape(thrice), "a(b c)");
});

test("a reply behind those that are not shown is one more of them", () => {
  const told = fold(start([longer]), added(below("a", "z", 40, { parent: { id: "a", replyCount: 6 } })));
  assert.equal(told.arrivals.length, 0);
  assert.equal(shape(told), "a(b c +4)");
});

test("one's own reply is shown all the same, and finds its place among the others", () => {
  const own = insert(start([longer]), below("a", "z", 40));
  assert.equal(shape(own), "a(b c z +2)");
  const all = extend(own, "a", page([below("a", "d", 13), below("a", "e", 14), below("a", "z", 40)]));
  assert.equal(shape(all), "a(b c d e z)");
});

test("a reply to what arrives arrives with it", () => {
  const told = [card("new", 30), below("new", "x", 31, { parent: { id: "new", replyCount: 1 } })].map((one) => added(one));
  const thread = told.reduce(fold, start([answered]));
  assert.equal(thread.arrivals.length, 2);
  assert.equal(shape(reveal(thread)), "new(x) a(b c)");
  assert.equal(shape(reveal(fold(thread, gone("x", "new")))), "new a(b c)");
  assert.equal(shape(reveal(fold(thread, gone("new")))), "[new](x) a(b c)");
});

test("a reply of a thread that is not shown only counts", () => {
  const told = fold(start([answered]), added(below("elsewhere", "x", 31), 12));
  assert.deepEqual([shape(told), told.count, told.arrivals.length], ["a(b c)", 12, 0]);
});

test("a comment with replies leaves its place empty, which goes with its last reply", () => {
  const empty = fold(start([answered]), gone("a"));
  assert.equal(shape(empty), "[a](b c)");
  assert.equal(empty.cards.get("a")?.author, null);
  const one = fold(empty, gone("b", "a"));
  assert.equal(shape(one), "[a](c)");
  assert.equal(shape(fold(one, gone("c", "a"))), "");
});

test("replies that are not shown hold a place as well, and go one by one", () => {
  const thread = start([card("a", 10, { replyCount: 2 })]);
  assert.equal(shape(thread), "a(+2)");
  const one = fold(fold(thread, gone("a")), gone("hidden", "a"));
  assert.equal(shape(one), "[a](+1)");
  assert.equal(shape(fold(one, gone("hidden too", "a"))), "");
});

test("the removal of what never came changes nothing but the count", () => {
  const thread = start([answered]);
  assert.deepEqual(fold(thread, gone("never")), { ...thread, count: 8 });
});

test("a change keeps what only the viewer knows", () => {
  const liked = react(start([answered]), "b", "LIKE");
  assert.deepEqual(liked.cards.get("b")?.reactions, [{ kind: "LIKE", count: 1 }]);
  const told = fold(liked, { __typename: "CommentChanged", cursor: "c", comment: below("a", "b", 11, { body: "Edited." }) });
  assert.equal(told.cards.get("b")?.body, "Edited.");
  assert.equal(told.cards.get("b")?.viewerReaction, "LIKE");
  assert.deepEqual(react(liked, "b", null).cards.get("b")?.reactions, []);
  assert.deepEqual(react(liked, "b", "DISAGREE").cards.get("b")?.reactions, [{ kind: "DISAGREE", count: 1 }]);
});

test("a focused page has the way down to its comment between the threads", () => {
  const way = [below("a", "x", 20, { replyCount: 1 }), card("y", 21, { depth: 2, parent: { id: "x" } })];
  const thread = start([longer, ...way, card("older", 5)], true);
  assert.equal(shape(thread), "a(b c x(y) +2) older +1");
});

test("what is fetched anew takes the place of what was shown; what is new arrives", () => {
  const old = extend(start([longer, card("removed", 9)]), "a", page([below("a", "d", 13), below("a", "e", 14), below("a", "f", 15)]));
  const fresh = start([card("new 2", 41), card("new 1", 40), { ...longer, body: "Edited." }]);
  const again = new Map([["a", page([below("a", "b", 11), below("a", "d", 13), below("a", "e", 14)])]]);
  const thread = renewed(react(old, "b", "LIKE"), fresh, again);
  assert.equal(shape(thread), "a(b c d e +1)");
  assert.equal(thread.cards.get("a")?.body, "Edited.");
  assert.equal(thread.cards.get("b")?.viewerReaction, "LIKE");
  assert.deepEqual(thread.arrivals.map(({ id }) => id), ["new 1", "new 2"]);
  assert.equal(shape(reveal(thread)), "new 2 new 1 a(b c d e +1)");
});

test("what waits and what is shown have bounds", () => {
  const many = (n: number, from: number): Card[] =>
    Array.from({ length: n }, (_, i) => ({ ...card(`c${from + i}`, 0), createdAt: new Date((from + i) * 1_000).toISOString(), cursor: `at c${from + i}` }));
  const reading = many(510, 1_000).map((one) => added(one)).reduce(fold, start([answered]));
  assert.deepEqual([reading.arrivals.length, reading.missed, placeable(reading)], [500, 10, false]);

  const old = begin("NEWEST", 400, page(many(400, 1_000).reverse()));
  const grown = reveal(many(200, 2_000).map((one) => added(one)).reduce(fold, old));
  const top = branchOf(grown, ROOT);
  assert.deepEqual([top.ids.length, top.ids[0], top.ids.at(-1), top.after, top.more], [500, "c2199", "c1100", "at c1100", true]);
  assert.equal(grown.cards.size, 500);
});

test("no function changes what it is given", () => {
  const thread = start([answered], true);
  const before = structuredClone({ ...thread });
  reveal(fold(thread, added(card("new", 30))));
  removed(thread, "a", null);
  extend(thread, ROOT, page([card("older", 1)]));
  react(thread, "a", "LIKE");
  assert.deepEqual({ ...thread }, before);
});
