/** Where nothing stays open: one question for the whole page, and what is shown is fetched anew when the log has moved. */

import { HEAD } from "../documents";
import type { Carrier, Feed, Report } from "./carrier";
import { request } from "./requests";

const EVERY = 10_000; // ms, and up to a fifth more, so that pages do not ask all at the same time

export function polling(endpoint: string, report: Report): Carrier {
  const feeds = new Set<Feed>();
  let seen: string | undefined;
  let over = false;
  let timer = setTimeout(() => void look(), 0);

  async function look(): Promise<void> {
    try {
      const { streamHead } = await request<{ streamHead: string }>(endpoint, HEAD, {});
      if (over) return;
      report.live();
      if (streamHead !== seen) await Promise.all([...feeds].map((feed) => feed.refetch()));
      seen = streamHead; // as it was before the read: what happened meanwhile is seen next time
    } catch {
      if (!over) report.broken();
      return;
    }
    if (!over) timer = setTimeout(() => void look(), EVERY * (1 + Math.random() / 5));
  }

  function open(feed: Feed): () => void {
    feeds.add(feed);
    if (seen !== undefined) void feed.refetch().catch(() => undefined);
    return () => feeds.delete(feed);
  }

  function close(): void {
    over = true;
    clearTimeout(timer);
  }

  return { open, close };
}
