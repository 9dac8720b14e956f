// A page, the stream that goes on from it, and what to do when the stream cannot.

export type ResetReason = "TRIMMED" | "EPOCH_CHANGED" | "SLOW_CONSUMER" | "INVALID_CURSOR";

export interface StreamReady {
  __typename: "StreamReady";
  cursor?: string;
  resumed?: boolean;
  replayed?: number;
}

export interface StreamReset {
  __typename: "StreamReset";
  cursor?: string;
  reason?: ResetReason;
}

/** How one event changes a page: foldComments, foldList, or your own. */
export type Fold<Page, Event> = (page: Page, event: Event) => Page;

const MOST = 1_000; // events kept while a page is on its way; as many as the server keeps for a slow reader

/**
 * What is shown, and where its stream stands.
 *
 * `cursor`: subscribe `after` it. `stale`: why the page must be asked for again, else null; it goes on changing with the
 * stream meanwhile. `since`: the events after the reset, which may be newer than the page that is on its way; null when
 * there were too many of them.
 */
export interface Live<Page, Event> {
  readonly page: Page;
  readonly cursor: string | null;
  readonly stale: ResetReason | null;
  readonly since: readonly Event[] | null;
}

/** A page and its own position: `liveCursor` of comments; a list needs none, its stream begins with the list. */
export function begin<Page, Event>(page: Page, cursor: string | null = null): Live<Page, Event> {
  return { page, cursor, stale: null, since: [] };
}

/** The next event of the stream. After a StreamReset `stale` says to ask for the page again: hand it to `refetched`. */
export function fold<Page, Event extends { __typename: string; cursor?: string }>(
  live: Live<Page, Event>,
  event: Event,
  change: Fold<Page, Event>,
): Live<Page, Event> {
  const cursor = event.cursor ?? live.cursor;
  if (isReset(event)) return { ...live, cursor, stale: event.reason ?? "TRIMMED", since: [] };
  return { ...live, cursor, page: change(live.page, event), since: live.stale ? kept(live.since, event) : [] };
}

/**
 * The page that was asked for after a reset. It was read at some moment since then, and the events that have come
 * meanwhile are applied to it, too: by id, so that those it has already do no harm. Where they were too many it stays
 * `stale`: ask once more.
 */
export function refetched<Page, Event>(
  live: Live<Page, Event>,
  page: Page,
  change: Fold<Page, Event>,
): Live<Page, Event> {
  if (live.since === null) return { ...live, page, since: [] };
  const shown = live.since.reduce((earlier, event) => change(earlier, event), page);
  return { page: shown, cursor: live.cursor, stale: null, since: [] };
}

function kept<Event>(since: readonly Event[] | null, event: Event): readonly Event[] | null {
  return since === null || since.length === MOST ? null : [...since, event];
}

function isReset(event: { __typename: string }): event is StreamReset {
  return event.__typename === "StreamReset";
}
