/** What brings events from the server: one way of several (sockets.ts, event_sources.ts, polling.ts). */

import type { Variables } from "./requests";

/** A subscription that outlives connections. */
export interface Feed {
  readonly query: string;
  /** Asked anew for each connection: `after` moves with each event. */
  variables(): Variables;
  /** The data of one event. */
  next(data: Record<string, unknown>): void;
  /** It was refused, and would be again. */
  refused(code: string): void;
  /** For a way without events: something has happened, perhaps to this. */
  refetch(): Promise<void>;
}

export interface Carrier {
  /** Begins to bring a feed's events; returns how to stop. */
  open(feed: Feed): () => void;
  /** After this nothing is reported any more. */
  close(): void;
}

export interface Report {
  /** The server is listening. */
  live(): void;
  /** Nothing comes any more. `after`: when the server has said to come back, in ms. */
  broken(after?: number): void;
}

export type Way = (endpoint: string, report: Report) => Carrier;

export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
}

// What may be otherwise in a moment.
const PASSING = ["UNAVAILABLE", "RATE_LIMITED", "OPERATION_TIMED_OUT", "TOO_MANY_CONNECTIONS"];

/** Gives a result to its feed; errors that pass are for the carrier: it is broken. Returns whether it is not. */
export function deliver(feed: Feed, result: Result): boolean {
  const code = codeOf(result);
  if (code === undefined) {
    if (result.data != null) feed.next(result.data);
    return true;
  }
  if (PASSING.includes(code)) return false;
  feed.refused(code);
  return true;
}

/** Of the first error, if there is one. */
export function codeOf(result: Result): string | undefined {
  const [error] = result.errors ?? [];
  return error && String(error.extensions?.code ?? "INTERNAL");
}
