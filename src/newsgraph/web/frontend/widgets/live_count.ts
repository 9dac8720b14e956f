/** `<newsgraph-live-count article="ID">`: how many comments an article has, kept up. */

import { COUNT_EVENTS, COUNTS } from "./documents";
import { h, say } from "./dom";
import type { Id } from "./model";
import { COUNT } from "./styles";
import { lineTo } from "./transport/line";
import { request } from "./transport/requests";
import { follow } from "./transport/stream";
import { define, Widget } from "./widget";

const MOST = 50; // articles of one request

interface Count {
  readonly id: Id;
  readonly commentCount: number;
  readonly comments: { readonly liveCursor: string };
}

interface CountEvent {
  readonly __typename: string;
  readonly cursor: string;
  readonly commentCount?: number;
}

/** All counts of a page in one request: those that are asked for in the same turn. */
class Counts {
  readonly #asked = new Map<Id, Promise<Count | undefined>>();
  #batch: Promise<ReadonlyMap<Id, Count>> | undefined;
  #ids: Id[] = [];

  constructor(readonly endpoint: string) {}

  of(article: Id): Promise<Count | undefined> {
    const known = this.#asked.get(article);
    if (known !== undefined) return known;
    this.#ids.push(article);
    this.#batch ??= Promise.resolve().then(() => this.#fetch());
    const found = this.#batch.then((counts) => counts.get(article)).finally(() => this.#asked.delete(article));
    this.#asked.set(article, found);
    return found;
  }

  async #fetch(): Promise<ReadonlyMap<Id, Count>> {
    const ids = this.#ids;
    this.#ids = [];
    this.#batch = undefined;
    const found = new Map<Id, Count>();
    for (let start = 0; start < ids.length; start += MOST) {
      type Answer = { nodes: (Count | null)[] };
      const { nodes } = await request<Answer>(this.endpoint, COUNTS, { ids: ids.slice(start, start + MOST) });
      for (const one of nodes) if (one !== null) found.set(one.id, one);
    }
    return found;
  }
}

const ENDPOINTS = new Map<string, Counts>();

function countsAt(endpoint: string): Counts {
  const found = ENDPOINTS.get(endpoint) ?? new Counts(endpoint);
  ENDPOINTS.set(endpoint, found);
  return found;
}

export class NewsgraphLiveCount extends Widget {
  static readonly observedAttributes = ["article", "endpoint", "lang", "format"];

  #stop: () => void = () => undefined;
  #text: HTMLElement | undefined;

  constructor() {
    super(COUNT);
  }

  protected start(): void {
    const article = this.getAttribute("article");
    if (!article) return;
    let over = false;
    this.#stop = () => (over = true);
    this.#fetch(article).then(
      (cursor) => {
        if (!over && cursor !== undefined) this.#follow(article, cursor);
      },
      // What the server has written inside stays; the line says when to ask again.
      () => over || this.#follow(article, undefined),
    );
  }

  protected stop(): void {
    this.#stop();
    this.#text = undefined;
  }

  #follow(article: Id, after: string | undefined): void {
    this.#stop = follow<CountEvent>(lineTo(this.endpoint), after, {
      query: COUNT_EVENTS,
      variables: { article },
      tell: (event) => this.#told(article, event, after),
      refetch: () => this.#fetch(article),
      gone: () => this.#stop(),
    });
  }

  #told(article: Id, event: CountEvent, after: string | undefined): void {
    if (event.commentCount !== undefined) this.#draw(event.commentCount);
    else if (event.__typename === "StreamReady" && after === undefined && this.#text === undefined) {
      void this.#fetch(article).catch(() => undefined);
    }
  }

  async #fetch(article: Id): Promise<string | undefined> {
    const found = await countsAt(this.endpoint).of(article);
    if (found === undefined) return undefined;
    this.#draw(found.commentCount);
    return found.comments.liveCursor;
  }

  #draw(n: number): void {
    const short = this.getAttribute("format") === "number";
    if (this.#text === undefined) {
      this.#text = h("span", { part: "count" });
      this.replaceChildrenShown(this.#text);
    }
    say(this.#text, short ? this.words.number(n) : this.words.say("countOf", { n }));
    this.tell("count", { count: n });
  }
}

define("newsgraph-live-count", NewsgraphLiveCount);
