/**
 * A discussion as a value, and what happens to it as pure functions: none changes what it is given.
 *
 * Everything is applied by id, and twice is as good as once: a page that was fetched anew may be newer than the events
 * that follow it (docs/live-streams.md).
 */

import type { Card, CommentEvent, Id, Order, Page, ReactionKind } from "./model";

/** The replies to one comment that are shown, and whether there are more after them. */
export interface Branch {
  readonly ids: readonly Id[];
  readonly after: string | null;
  readonly more: boolean;
}

export interface Thread {
  readonly order: Order;
  /** Published comments in all. */
  readonly count: number;
  readonly cards: ReadonlyMap<Id, Card>;
  /** By parent; ROOT has the top level. */
  readonly branches: ReadonlyMap<Id, Branch>;
  /** What came while somebody was reading, oldest first: `reveal` shows it. */
  readonly arrivals: readonly Card[];
  /** How many more came than can wait: then the beginning has to be loaded anew. */
  readonly missed: number;
}

export const ROOT: Id = "";
const WAITING = 500; // arrivals at most
const SHOWN = 500; // threads at most, while comments come by themselves: those beyond are loaded again when asked for
const NONE: Branch = { ids: [], after: null, more: false };

/** A thread from its first page, or from the page at a focused comment. */
export function begin(order: Order, count: number, page: Page): Thread {
  const empty: Thread = { order, count, cards: new Map(), branches: new Map(), arrivals: [], missed: 0 };
  return extend(empty, ROOT, page);
}

/** With the next page of a branch. */
export function extend(thread: Thread, parent: Id, page: Page): Thread {
  const cards = new Map(thread.cards);
  const branches = new Map(thread.branches);
  take(cards, branches, parent, page);
  const here = new Set(page.edges.map(({ node }) => node.id));
  return { ...thread, cards, branches, arrivals: thread.arrivals.filter(({ id }) => !here.has(id)) };
}

function take(cards: Map<Id, Card>, branches: Map<Id, Branch>, parent: Id, page: Page): void {
  const { hasNextPage, endCursor } = page.pageInfo;
  const before = branches.get(parent) ?? NONE;
  branches.set(parent, { ids: before.ids, after: endCursor ?? before.after, more: hasNextPage });
  for (const { cursor, node } of page.edges) {
    const { replies, ...rest } = node;
    const card: Card = cursor === undefined ? rest : { ...rest, cursor };
    cards.set(card.id, merged(cards.get(card.id), card));
    // A focused page has the way down to its comment between the top level's: each goes below its own parent.
    const place = card.parent?.id ?? (card.depth > 0 ? parent : ROOT);
    append(cards, branches, place, card.id);
    if (replies) take(cards, branches, card.id, replies);
    else if (card.replyCount === 0 && !branches.has(card.id)) branches.set(card.id, NONE);
  }
}

/** Replies stand in the order of time, so that one that came by another way finds its place among the others. */
function append(cards: ReadonlyMap<Id, Card>, branches: Map<Id, Branch>, parent: Id, id: Id): void {
  const branch = branches.get(parent) ?? { ...NONE, more: (cards.get(parent)?.replyCount ?? 0) > 1 };
  if (branch.ids.includes(id)) return;
  const ids = [...branch.ids, id];
  if (parent !== ROOT) ids.sort((one, other) => at(cards, one) - at(cards, other));
  branches.set(parent, { ...branch, ids });
}

function at(cards: ReadonlyMap<Id, Card>, id: Id): number {
  return Date.parse(cards.get(id)?.createdAt ?? "");
}

/** What a stream says leaves out what only the viewer is told. */
function merged(before: Card | undefined, now: Card): Card {
  return before === undefined ? now : { ...before, ...now, parent: now.parent ?? before.parent };
}

export function branchOf(thread: Thread, parent: Id): Branch {
  const branch = thread.branches.get(parent);
  return branch ?? { ...NONE, more: (thread.cards.get(parent)?.replyCount ?? 0) > 0 };
}

/** How many replies are not shown, as far as is known. */
export function hidden(thread: Thread, parent: Id): number {
  const waiting = thread.arrivals.filter((card) => card.parent?.id === parent).length;
  const replies = thread.cards.get(parent)?.replyCount ?? 0;
  return Math.max(0, replies - branchOf(thread, parent).ids.length - waiting);
}

/** What the stream tells. Additions wait among the arrivals. */
export function fold(thread: Thread, event: CommentEvent): Thread {
  switch (event.__typename) {
    case "CommentAdded":
      return added({ ...thread, count: event.commentCount }, { ...event.commentEdge.node, ...cursorOf(event.commentEdge) });
    case "CommentChanged":
      return changed(thread, event.comment);
    case "CommentRemoved":
      return removed({ ...thread, count: event.commentCount }, event.removedCommentId, event.parentId);
    default:
      return thread;
  }
}

function cursorOf({ cursor }: { readonly cursor?: string }): Pick<Card, "cursor"> {
  return cursor === undefined ? {} : { cursor };
}

function added(thread: Thread, card: Card): Thread {
  const parent = card.parent?.id ?? ROOT;
  const told = card.parent?.replyCount;
  const above = thread.cards.get(parent);
  const known = above !== undefined && told !== undefined ? put(thread, { ...above, replyCount: told }) : thread;
  if (thread.cards.has(card.id) || thread.arrivals.some(({ id }) => id === card.id)) return changed(known, card);
  if (parent === ROOT) return beyond(thread, card) ? known : waiting(known, card);
  if (thread.arrivals.some(({ id }) => id === parent)) return waiting(known, card);
  if (above === undefined) return known; // of a thread that is not shown
  // Behind replies that are not shown yet, it is one more of those.
  return branchOf(thread, parent).more ? known : waiting(known, card);
}

/** An older one that was approved only now, and belongs to a page that is not loaded yet: it comes with that. */
function beyond(thread: Thread, card: Card): boolean {
  const { ids, more } = branchOf(thread, ROOT);
  const last = ids.at(-1);
  return thread.order === "NEWEST" && more && last !== undefined && Date.parse(card.createdAt) < at(thread.cards, last);
}

function waiting(thread: Thread, card: Card): Thread {
  const full = thread.arrivals.length >= WAITING;
  const arrivals = full ? thread.arrivals.slice(1) : thread.arrivals;
  return { ...thread, arrivals: [...arrivals, card], missed: thread.missed + Number(full) };
}

function changed(thread: Thread, card: Card): Thread {
  const before = thread.cards.get(card.id);
  if (before !== undefined) return put(thread, merged(before, card));
  const arrivals = thread.arrivals.map((one) => (one.id === card.id ? merged(one, card) : one));
  return { ...thread, arrivals };
}

function put(thread: Thread, card: Card): Thread {
  return { ...thread, cards: new Map(thread.cards).set(card.id, card) };
}

/** A comment with replies leaves its place empty, which goes with its last reply. */
export function removed(thread: Thread, id: Id, parentId: Id | null): Thread {
  const arrivals = buried(thread.arrivals, id);
  const card = thread.cards.get(id);
  const shown = { ...thread, arrivals };
  if (card === undefined) return arrivals.some((one) => one.id === id) ? shown : lessened(shown, parentId);
  if (card.replyCount > 0 || branchOf(thread, id).ids.length > 0 || arrivals.some((one) => one.parent?.id === id)) {
    return put(shown, tombstone(card));
  }
  return dropped(shown, card);
}

function tombstone(card: Card): Card {
  return { ...card, body: null, author: null, reactions: [], viewerReaction: null };
}

function buried(arrivals: readonly Card[], id: Id): readonly Card[] {
  if (!arrivals.some((one) => one.id === id)) return arrivals;
  const answered = arrivals.some((one) => one.parent?.id === id);
  return answered
    ? arrivals.map((one) => (one.id === id ? tombstone(one) : one))
    : arrivals.filter((one) => one.id !== id);
}

function dropped(thread: Thread, card: Card): Thread {
  const parent = card.parent?.id ?? ROOT;
  const cards = new Map(thread.cards);
  const branches = new Map(thread.branches);
  cards.delete(card.id);
  branches.delete(card.id);
  const branch = branchOf(thread, parent);
  branches.set(parent, { ...branch, ids: branch.ids.filter((one) => one !== card.id) });
  return lessened({ ...thread, cards, branches }, card.parent?.id ?? null);
}

/** One reply less below this comment, if it is shown at all. */
function lessened(thread: Thread, parentId: Id | null): Thread {
  const above = parentId === null ? undefined : thread.cards.get(parentId);
  if (above === undefined) return thread;
  const replyCount = Math.max(branchOf(thread, above.id).ids.length, above.replyCount - 1);
  return above.body === null && replyCount === 0
    ? dropped(thread, above)
    : put(thread, { ...above, replyCount });
}

/** Whether new comments of the top level have a place among those that are shown. */
export function placeable(thread: Thread): boolean {
  if (thread.missed > 0) return false;
  return thread.order === "NEWEST" || !branchOf(thread, ROOT).more;
}

/** With all that waited in its place. */
export function reveal(thread: Thread): Thread {
  return trimmed(thread.arrivals.reduce(insert, { ...thread, arrivals: [] }));
}

/** A page that stays open for days does not grow for days. */
function trimmed(thread: Thread): Thread {
  const { ids } = branchOf(thread, ROOT);
  const after = thread.cards.get(ids[SHOWN - 1] ?? ROOT)?.cursor;
  if (ids.length <= SHOWN || after === undefined || thread.order !== "NEWEST") return thread;
  const cards = new Map(thread.cards);
  const branches = new Map(thread.branches);
  const drop = (id: Id): void => {
    for (const child of branches.get(id)?.ids ?? []) drop(child);
    branches.delete(id);
    cards.delete(id);
  };
  ids.slice(SHOWN).forEach(drop);
  branches.set(ROOT, { ids: ids.slice(0, SHOWN), after, more: true });
  return { ...thread, cards, branches };
}

/** With one comment in its place: by time where that is the order, else first, or last if nothing else follows. */
export function insert(thread: Thread, card: Card): Thread {
  const parent = card.parent?.id ?? ROOT;
  const arrivals = thread.arrivals.filter(({ id }) => id !== card.id);
  const cards = new Map(thread.cards).set(card.id, merged(thread.cards.get(card.id), card));
  const branches = new Map(thread.branches);
  if (!branches.has(card.id)) branches.set(card.id, { ...NONE, more: card.replyCount > 0 });
  if (parent === ROOT) surface(cards, branches, card.id, thread.order);
  else if (!cards.has(parent)) return thread;
  else reply(cards, branches, parent, card.id);
  return { ...thread, cards, branches, arrivals };
}

function surface(cards: ReadonlyMap<Id, Card>, branches: Map<Id, Branch>, id: Id, order: Order): void {
  const branch = branches.get(ROOT) ?? NONE;
  if (branch.ids.includes(id)) return;
  branches.set(ROOT, { ...branch, ids: branch.ids.toSpliced(place(cards, branch, id, order), 0, id) });
}

function place(cards: ReadonlyMap<Id, Card>, { ids, more }: Branch, id: Id, order: Order): number {
  const time = at(cards, id);
  if (order === "NEWEST") return firstOr(ids.length, ids.findIndex((one) => at(cards, one) <= time));
  if (more) return 0;
  return order === "OLDEST" ? firstOr(ids.length, ids.findIndex((one) => at(cards, one) > time)) : ids.length;
}

function firstOr(otherwise: number, found: number): number {
  return found < 0 ? otherwise : found;
}

function reply(cards: Map<Id, Card>, branches: Map<Id, Branch>, parent: Id, id: Id): void {
  append(cards, branches, parent, id);
  const above = cards.get(parent);
  const least = branches.get(parent)?.ids.length ?? 0;
  if (above && above.replyCount < least) cards.set(parent, { ...above, replyCount: least });
}

/**
 * What was fetched anew takes the place of what was shown, whatever events were missed.
 *
 * Branches that were opened further than `fresh` goes stay open as far as `again` has them; comments of the top level
 * that were not there before arrive.
 */
export function renewed(old: Thread, fresh: Thread, again: ReadonlyMap<Id, Page>): Thread {
  let thread = fresh;
  for (const [parent, page] of again) if (thread.cards.has(parent)) thread = extend(thread, parent, page);
  if (old.order !== "NEWEST" || old.cards.size === 0) return withReactions(old, thread);
  const top = branchOf(thread, ROOT);
  const isNew = (id: Id): boolean => !old.cards.has(id);
  const arrivals = top.ids.filter(isNew).map((id) => thread.cards.get(id) as Card).reverse();
  const branches = new Map(thread.branches).set(ROOT, { ...top, ids: top.ids.filter((id) => !isNew(id)) });
  return withReactions(old, { ...thread, branches, arrivals });
}

function withReactions(old: Thread, thread: Thread): Thread {
  const cards = new Map(thread.cards);
  for (const [id, card] of cards) {
    const before = old.cards.get(id)?.viewerReaction;
    if (before !== undefined && card.viewerReaction === undefined) cards.set(id, { ...card, viewerReaction: before });
  }
  return { ...thread, cards };
}

/** The viewer's own reactions, by comment. */
export function reacted(thread: Thread, own: ReadonlyMap<Id, ReactionKind | null>): Thread {
  const cards = new Map(thread.cards);
  for (const [id, viewerReaction] of own) {
    const card = cards.get(id);
    if (card !== undefined) cards.set(id, { ...card, viewerReaction });
  }
  return { ...thread, cards };
}

/** As it will look once the server has taken the reaction: before it has. */
export function react(thread: Thread, id: Id, kind: ReactionKind | null): Thread {
  const card = thread.cards.get(id);
  if (card === undefined) return thread;
  const counts = new Map(card.reactions.map((one) => [one.kind, one.count]));
  const before = card.viewerReaction ?? null;
  if (before !== null) counts.set(before, (counts.get(before) ?? 1) - 1);
  if (kind !== null) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const reactions = [...counts].filter(([, count]) => count > 0).map(([one, count]) => ({ kind: one, count }));
  return put(thread, { ...card, reactions, viewerReaction: kind });
}

/** With what a mutation has answered about one comment. */
export function updated(thread: Thread, card: Card): Thread {
  return changed(thread, card);
}

/** Comments below which more is shown than a page has by itself. */
export function opened(thread: Thread): readonly Id[] {
  const further = ([id, { ids }]: [Id, Branch]): boolean =>
    id !== ROOT && (ids.length > 3 || (ids.length > 0 && (thread.cards.get(id)?.depth ?? 0) > 0));
  return [...thread.branches].filter(further).map(([id]) => id);
}
