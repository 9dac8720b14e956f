/**
 * One page's line to one server, for all of its widgets: it stays up, whatever happens.
 *
 * WebSocket first, then server-sent events, then polling: the next way is taken when this one has failed twice although
 * the server answered. A hidden tab lets go after a while; a page that wakes up comes back at once. Each feed knows where
 * it is, and goes on from there.
 */

import { HEAD } from "../documents";
import type { Carrier, Feed, Way } from "./carrier";
import { eventSources } from "./event_sources";
import { polling } from "./polling";
import { request } from "./requests";
import { sockets } from "./sockets";

export type LineState = "idle" | "opening" | "live" | "waiting" | "asleep";

const WAYS: readonly Way[] = [sockets, eventSources, polling];
const TRIES = 2; // times that a way fails while the server answers, before the next one is tried
const SHORTEST = 500; // ms
const STABLE = 10_000; // ms after which a connection that breaks was a good one, and the next may be tried at once
const LONGEST = 30_000;
const HIDDEN = 30_000; // ms that a hidden tab stays on: whoever looks something up comes back to a page that is current
const BACK = 300_000; // ms after which a better way is tried once more
const CLOCK = 5_000;
const SLEPT = 15_000; // ms that a clock of 5 s is late after the machine has slept

export class Line {
  state: LineState = "idle";
  readonly #feeds = new Map<Feed, () => void>();
  readonly #watchers = new Set<(state: LineState) => void>();
  #carrier: Carrier | undefined;
  #way = 0;
  #failures = 0;
  #blocked = 0; // how often this way has failed although the server was there
  #since = 0; // when it began to work last
  #climbed = 0; // when the best way was tried last
  #again: ReturnType<typeof setTimeout> | undefined;
  #hide: ReturnType<typeof setTimeout> | undefined;
  #tick = Date.now();

  constructor(readonly endpoint: string) {
    document.addEventListener("visibilitychange", () => this.#looked());
    addEventListener("online", () => this.wake());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    addEventListener("pagehide", () => this.#sleep());
    setInterval(() => this.#ticked(), CLOCK);
    this.#looked();
  }

  /** Begins to bring a feed's events; returns how to stop. */
  follow(feed: Feed): () => void {
    this.#feeds.set(feed, this.#carrier?.open(feed) ?? nothing);
    if (this.state === "idle") this.#open();
    return () => this.#leave(feed);
  }

  watch(watcher: (state: LineState) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Comes back at once, with a new connection. */
  wake(): void {
    if (this.#feeds.size === 0 || document.visibilityState === "hidden") return;
    if (Date.now() - this.#climbed > BACK) this.#take(0);
    this.#drop();
    this.#open();
  }

  #leave(feed: Feed): void {
    this.#feeds.get(feed)?.();
    this.#feeds.delete(feed);
    if (this.#feeds.size > 0) return;
    this.#drop();
    this.#say("idle");
  }

  #open(): void {
    if (this.#way === 0) this.#climbed = Date.now();
    this.#say("opening");
    const way = WAYS[this.#way] as Way;
    try {
      // Only what the present carrier says counts.
      const carrier: Carrier = way(this.endpoint, {
        live: () => this.#carrier === carrier && this.#live(),
        broken: (after) => this.#carrier === carrier && this.#broken(after),
      });
      this.#carrier = carrier;
      for (const feed of this.#feeds.keys()) this.#feeds.set(feed, carrier.open(feed));
    } catch {
      this.#broken(); // a browser that has been told to do without
    }
  }

  #live(): void {
    this.#blocked = 0;
    if (this.state === "live") return;
    this.#since = Date.now();
    this.#say("live");
  }

  #broken(after?: number): void {
    const worked = this.state === "live";
    this.#drop();
    this.#failures = worked && Date.now() - this.#since > STABLE ? 1 : this.#failures + 1;
    if (document.visibilityState === "hidden") return this.#say("asleep");
    this.#say("waiting");
    if (!worked) void this.#suspect(this.#way);
    this.#again = setTimeout(() => this.#retry(), after ?? pause(this.#failures));
  }

  #retry(): void {
    if (this.#blocked >= TRIES && this.#way < WAYS.length - 1) this.#take(this.#way + 1);
    this.#open();
  }

  /** If the server is there, it is the way that does not work. A server that is down speaks against none. */
  async #suspect(way: number): Promise<void> {
    const answers = await request(this.endpoint, HEAD, {}).then(
      () => true,
      () => false,
    );
    if (answers && way === this.#way) this.#blocked += 1;
  }

  #take(way: number): void {
    if (way === this.#way) return;
    this.#way = way;
    this.#failures = 0;
    this.#blocked = 0;
  }

  #drop(): void {
    clearTimeout(this.#again);
    const carrier = this.#carrier;
    this.#carrier = undefined;
    for (const [feed, stop] of this.#feeds) {
      stop();
      this.#feeds.set(feed, nothing);
    }
    carrier?.close();
  }

  #looked(): void {
    clearTimeout(this.#hide);
    if (document.visibilityState === "hidden") this.#hide = setTimeout(() => this.#sleep(), HIDDEN);
    else if (this.state === "asleep" || this.state === "waiting") this.wake();
  }

  #sleep(): void {
    if (this.#feeds.size === 0) return;
    this.#drop();
    this.#say("asleep");
  }

  #ticked(): void {
    const now = Date.now();
    const late = now - this.#tick - CLOCK;
    this.#tick = now;
    // Timers of hidden tabs are late, too; those sleep anyway.
    if (this.state === "asleep") return;
    if (late > SLEPT || (this.#way > 0 && now - this.#climbed > BACK)) this.wake();
  }

  #say(state: LineState): void {
    this.state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}

function nothing(): void {}

/** Twice as long each time, and nobody at the same time as all others. */
function pause(failures: number): number {
  return Math.min(LONGEST, SHORTEST * 2 ** failures) * (0.5 + Math.random() / 2);
}

const LINES = new Map<string, Line>();

/** The page's line to this endpoint. */
export function lineTo(endpoint: string): Line {
  const found = LINES.get(endpoint) ?? new Line(endpoint);
  LINES.set(endpoint, found);
  return found;
}
