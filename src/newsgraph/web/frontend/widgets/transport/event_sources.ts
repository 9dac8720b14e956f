/** Server-sent events, where something on the way lets no WebSocket through. */

import { deliver, type Carrier, type Feed, type Report } from "./carrier";
import { polling } from "./polling";

const MOST = 3; // streams: browsers open six HTTP/1.1 connections to a host, and some are wanted for questions
const FIRST = 10_000; // ms until the first event; a proxy that collects answers never lets it through
const BACK = 5_000; // ms that the browser has to come back by itself

export function eventSources(endpoint: string, report: Report): Carrier {
  const open_ = new Set<EventSource>();
  let rest: Carrier | undefined;
  let over = false;

  function broken(after?: number): void {
    if (over) return;
    close();
    report.broken(after);
  }

  function open(feed: Feed): () => void {
    if (open_.size >= MOST) {
      rest ??= polling(endpoint, { live: () => undefined, broken });
      return rest.open(feed);
    }
    const source = new EventSource(address(endpoint, feed));
    let late = setTimeout(broken, FIRST);
    open_.add(source);
    source.addEventListener("next", ({ data }) => {
      clearTimeout(late);
      if (over) return;
      report.live();
      if (!deliver(feed, JSON.parse(data))) broken();
    });
    // A connection that breaks is the browser's own affair for a while, which goes on from the last id; a refusal is not.
    source.addEventListener("error", () => {
      clearTimeout(late);
      late = setTimeout(broken, source.readyState === EventSource.CLOSED ? 0 : BACK);
    });
    source.addEventListener("open", () => {
      clearTimeout(late);
      late = setTimeout(broken, FIRST); // StreamReady follows at once
    });
    source.addEventListener("complete", () => source.close());
    return () => {
      clearTimeout(late);
      source.close();
      open_.delete(source);
    };
  }

  function close(): void {
    over = true;
    for (const source of open_) source.close();
    rest?.close();
  }

  return { open, close };
}

function address(endpoint: string, feed: Feed): string {
  const url = new URL(endpoint);
  url.searchParams.set("query", feed.query);
  url.searchParams.set("variables", JSON.stringify(feed.variables()));
  return url.href;
}
