import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, type CommentEvent, type CommentPage, fold, foldComments, refetched } from "./index.ts";

const page = (...ids: string[]): CommentPage => ({ comments: { edges: ids.map((id) => ({ node: { id } })) } });
const ids = ({ comments }: CommentPage) => comments.edges.map(({ node }) => node.id).join(" ");
const change = foldComments<CommentPage>; // takes options, too, of which nobody hands it any here
const adds = (id: string, cursor: string): CommentEvent => ({
  __typename: "CommentAdded",
  cursor,
  commentEdge: { node: { id } },
});
const removes = (id: string, cursor: string): CommentEvent => ({
  __typename: "CommentRemoved",
  cursor,
  removedCommentId: id,
});
const after = (start: CommentPage, ...events: CommentEvent[]) =>
  events.reduce((live, event) => fold(live, event, change), begin<CommentPage, CommentEvent>(start, "0"));

test("the cursor is that of the last event, whatever it was", () => {
  const live = after(page("a"), { __typename: "StreamReady", cursor: "1" }, adds("b", "2"));
  assert.deepEqual([live.cursor, ids(live.page), live.stale], ["2", "b a", null]);
});

test("an event without a cursor leaves it", () => {
  assert.equal(after(page(), { __typename: "StreamReady" }).cursor, "0");
});

test("a reset says why, and events go on being shown until the page is there", () => {
  const live = after(page("a"), { __typename: "StreamReset", cursor: "7", reason: "TRIMMED" }, adds("b", "8"));
  assert.deepEqual([live.stale, live.cursor, ids(live.page)], ["TRIMMED", "8", "b a"]);
});

test("events that came while the page was fetched are in it, whether it was read before them or after", () => {
  const reset: CommentEvent = { __typename: "StreamReset", cursor: "7", reason: "SLOW_CONSUMER" };
  const live = after(page("a", "gone"), reset, adds("b", "8"), adds("c", "9"), removes("c", "10"));
  for (const read of [page("x", "a"), page("b", "x", "a"), page("c", "b", "x", "a")]) {
    const fresh = refetched(live, read, change);
    assert.equal(ids(fresh.page), "b x a");
    assert.deepEqual([fresh.stale, fresh.cursor, fresh.since], [null, "10", []]);
  }
});

test("a second reset begins anew", () => {
  const reset = (cursor: string): CommentEvent => ({ __typename: "StreamReset", cursor, reason: "EPOCH_CHANGED" });
  assert.deepEqual(after(page(), reset("7"), adds("b", "8"), reset("9")).since, []);
});

test("more events than can be kept: the page is shown, and is to be asked for once more", () => {
  const reset: CommentEvent = { __typename: "StreamReset", cursor: "7", reason: "TRIMMED" };
  const many = Array.from({ length: 1_001 }, (_, number) => adds(`c${number}`, `${number + 8}`));
  assert.equal(after(page(), reset, ...many.slice(1)).since?.length, 1_000);
  const live = refetched(after(page(), reset, ...many), page("x"), change);
  assert.deepEqual([ids(live.page), live.stale, live.cursor], ["x", "TRIMMED", "1008"]);
  assert.equal(refetched(live, page("y"), change).stale, null);
});
