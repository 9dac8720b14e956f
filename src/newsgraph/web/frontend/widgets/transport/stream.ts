/** One subscription of a widget, from a cursor on. */

import type { Feed } from "./carrier";
import type { Line } from "./line";
import { Unreachable, type Variables } from "./requests";

interface Event {
  readonly __typename: string;
  readonly cursor: string;
}

export interface Follower<E> {
  readonly query: string;
  readonly variables: Variables;
  /** One event, in order. */
  tell(event: E): void;
  /** Fetches anew what is shown, and tells the cursor that goes with it. Errors: as `request`. */
  refetch(): Promise<string | undefined>;
  /** There is no such thing, or none that a reader may see. */
  gone(code: string): void;
}

const AGAIN = 3_000; // ms between two tries to fetch what a reset has asked for

/** Follows from `after` on; returns how to stop. */
export function follow<E extends Event>(line: Line, after: string | undefined, follower: Follower<E>): () => void {
  let cursor = after;
  let over = false;
  // While something is fetched anew events wait: what was read before them would undo them.
  let waiting: E[] | undefined;

  function tell(event: E): void {
    cursor = event.cursor;
    if (over) return;
    if (waiting !== undefined) waiting.push(event);
    else if (event.__typename === "StreamReset") void recover();
    else follower.tell(event);
  }

  async function refetch(): Promise<void> {
    if (waiting !== undefined) return;
    waiting = [];
    try {
      cursor = (await follower.refetch()) ?? cursor;
    } finally {
      const [...late] = waiting;
      waiting = undefined;
      late.forEach(tell);
    }
  }

  /** What a reset has lost is fetched for as long as it takes. */
  async function recover(): Promise<void> {
    while (!over) {
      try {
        return await refetch();
      } catch (error) {
        if (!(error instanceof Unreachable)) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }

  const feed: Feed = {
    query: follower.query,
    variables: () => ({ ...follower.variables, after: cursor ?? null }),
    next: (data) => tell(Object.values(data)[0] as E),
    refused: (code) => follower.gone(code),
    refetch,
  };
  const leave = line.follow(feed);
  return () => {
    over = true;
    leave();
  };
}
