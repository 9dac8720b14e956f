/** graphql-transport-ws: one WebSocket for all feeds of a page. */

import { createClient } from "graphql-ws";
import { codeOf, deliver, type Carrier, type Feed, type Report, type Result } from "./carrier";
import { polling } from "./polling";

const ALIVE = 20_000; // ms between pings: a phone that has slept finds out that its socket is dead
const PONG = 5_000;
const ACKNOWLEDGE = 10_000;
const CROWDED = "TOO_MANY_OPERATIONS";

// No token: what a stream tells is the same for every reader, so that all of them share one execution.
export function sockets(endpoint: string, report: Report): Carrier {
  let over = false;
  let rest: Carrier | undefined;
  let silent: ReturnType<typeof setTimeout> | undefined;

  function broken(after?: number): void {
    if (over) return;
    over = true;
    dispose();
    report.broken(after);
  }

  /** A connection that is still being made may fail after this, which is nobody's concern any more. */
  function dispose(): void {
    clearTimeout(silent);
    rest?.close();
    Promise.resolve(client.dispose()).catch(() => undefined);
  }

  const client = createClient({
    url: endpoint.replace(/^http/, "ws"),
    retryAttempts: 0, // the line decides when and how to come back (line.ts)
    lazyCloseTimeout: 1_000,
    keepAlive: ALIVE,
    connectionAckWaitTimeout: ACKNOWLEDGE,
    on: {
      connected: () => over || report.live(),
      ping: (received) => {
        if (!received) silent = setTimeout(broken, PONG);
      },
      pong: () => clearTimeout(silent),
    },
  });

  function open(feed: Feed): () => void {
    let stop = client.subscribe<Record<string, unknown>>(
      { query: feed.query, variables: feed.variables() },
      {
        next: (result) => over || deliver(feed, result as Result) || broken(),
        error(error) {
          // A list of errors is about this operation, anything else about the connection.
          if (!Array.isArray(error)) broken(hint(error));
          else if (over) return;
          else if (codeOf({ errors: error }) === CROWDED) stop = elsewhere(feed);
          else deliver(feed, { errors: error }) || broken();
        },
        complete: () => undefined,
      },
    );
    return () => stop();
  }

  /** A page with more widgets than a socket may have operations asks for the rest of them now and then. */
  function elsewhere(feed: Feed): () => void {
    rest ??= polling(endpoint, { live: () => undefined, broken });
    return rest.open(feed);
  }

  function close(): void {
    over = true;
    dispose();
  }

  return { open, close };
}

/** In how many ms a server that stops wants to see us again: "retry in 1234 ms". */
function hint(error: unknown): number | undefined {
  const said = /retry in (\d+) ms/.exec((error as CloseEvent | undefined)?.reason ?? "")?.[1];
  return said === undefined ? undefined : Number(said);
}
