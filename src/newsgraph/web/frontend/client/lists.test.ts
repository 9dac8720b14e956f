import assert from "node:assert/strict";
import { test } from "node:test";
import { foldList, type RankedList, type RankedListChanged } from "./index.ts";

const edge = (id: string, rank: number) => ({ rank, label: "ASIA", node: { id, headline: `About ${id}` } });
const list = (...ids: string[]) => ({
  title: "Latest Stories",
  version: "v1",
  items: { edges: ids.map((id, place) => edge(id, place + 1)) },
});
const ids = ({ items }: RankedList) => items.edges.map(({ node, rank }) => `${rank} ${node.id}`).join(", ");

type Change = RankedListChanged<ReturnType<typeof edge>>;
const change = (more: Partial<Change>): Change => ({ __typename: "RankedListChanged", ...more });

test("a patch: taken out, put in, sorted, ranked anew", () => {
  const before = list("a", "b", "c");
  const after = foldList(before, change({
    list: { version: "v2" },
    removedArticleIds: ["b"],
    insertedEdges: [edge("d", 1)],
    orderedArticleIds: ["d", "a", "c"],
  }));
  assert.equal(ids(after), "1 d, 2 a, 3 c");
  assert.equal(after.version, "v2");
  assert.equal(after.title, "Latest Stories");
  assert.equal(after.items.edges[2], before.items.edges[2], "what has not moved is the same object");
  assert.equal(ids(before), "1 a, 2 b, 3 c");
});

test("a patch may be folded twice", () => {
  const patch = change({ removedArticleIds: ["a"], insertedEdges: [edge("d", 1)], orderedArticleIds: ["d", "b"] });
  assert.equal(ids(foldList(foldList(list("a", "b"), patch), patch)), "1 d, 2 b");
});

test("an order alone moves", () => {
  assert.equal(ids(foldList(list("a", "b"), change({ orderedArticleIds: ["b", "a"] }))), "1 b, 2 a");
});

test("an article of which nothing is known is left out", () => {
  assert.equal(ids(foldList(list("a"), change({ orderedArticleIds: ["x", "a"] }))), "1 a");
});

test("the whole list replaces it", () => {
  const { version, items } = { ...list("c"), version: "v2" };
  const after = foldList(list("a", "b"), change({ list: { version, items } }));
  assert.equal(ids(after), "1 c");
  assert.equal(after.title, "Latest Stories");
});

test("the same version, a beginning and a reset change nothing", () => {
  const before = list("a", "b");
  assert.equal(foldList(before, change({ list: { version: "v1" }, orderedArticleIds: [] })), before);
  assert.equal(foldList(before, { __typename: "StreamReady", cursor: "5" }), before);
  assert.equal(foldList(before, { __typename: "StreamReset", cursor: "5" }), before);
});
