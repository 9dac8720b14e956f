/** `<newsgraph-list key="latest/asia">`: a ranked list whose rows move when its order does. */

import { h, Keyed, say, set, show } from "./dom";
import { LIST, LIST_EVENTS } from "./documents";
import type { Id, ListEvent, Ranked } from "./model";
import { LIST as STYLE } from "./styles";
import { safeLink } from "./text";
import { lineTo } from "./transport/line";
import { request } from "./transport/requests";
import { follow } from "./transport/stream";
import { define, Widget } from "./widget";

const PATIENCE = 2_000; // ms until the list is asked for by a request, where the line takes its time
const MOVE: KeyframeAnimationOptions = { duration: 350, easing: "cubic-bezier(0.2, 0, 0, 1)" };
const LEVELS = ["1", "2", "3", "4", "5", "6"];

type Edge = Ranked["items"]["edges"][number];

interface Frame {
  readonly section: HTMLElement;
  readonly title: HTMLElement;
  readonly empty: HTMLElement;
}

class Row {
  readonly element: HTMLLIElement;
  readonly #rank = h("span", { part: "rank", class: "rank", "aria-hidden": "true" });
  readonly #label = h("span", { part: "label", class: "label" });
  readonly #link = h("a", { part: "link", class: "link", dir: "auto" });

  constructor() {
    const text = h("span", { class: "text" }, this.#label, this.#link);
    this.element = h("li", { part: "row", class: "row" }, this.#rank, text);
  }

  update({ rank, label, node }: Edge, ranks: boolean, labels: boolean, number: (n: number) => string): void {
    say(this.#rank, number(rank));
    show(this.#rank, ranks);
    say(this.#label, label);
    show(this.#label, labels && label !== "");
    say(this.#link, node.headline);
    set(this.#link, "href", safeLink(node.url));
  }
}

export class NewsgraphList extends Widget {
  static readonly observedAttributes = ["key", "endpoint", "lang", "count", "heading-level"];

  #stop: () => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame: Frame | undefined;
  #rows = new Keyed<Id, Row>(h("ol"));
  #version: string | null = null;

  constructor() {
    super(STYLE);
  }

  protected start(): void {
    this.#version = this.getAttribute("version");
    const key = this.getAttribute("key");
    if (!key) return;
    this.#stop = follow<ListEvent>(lineTo(this.endpoint), undefined, {
      query: LIST_EVENTS,
      variables: this.#variables,
      tell: (event) => event.__typename === "RankedListChanged" && this.#take(event.list),
      refetch: () => this.#fetch(),
      gone: () => this.#missing(),
    });
    this.#timer = setTimeout(() => void this.#fetch().catch(() => undefined), PATIENCE);
  }

  protected stop(): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#frame = undefined;
  }

  get #variables(): Record<string, unknown> {
    const first = Number.parseInt(this.getAttribute("count") ?? "", 10);
    return { key: this.getAttribute("key"), first: first > 0 ? first : null };
  }

  async #fetch(): Promise<string | undefined> {
    const answer = await request<{ rankedList: Ranked | null }>(this.endpoint, LIST, this.#variables);
    if (answer.rankedList === null) {
      this.#missing();
      return undefined;
    }
    this.#take(answer.rankedList);
    return answer.rankedList.version;
  }

  /** Equal versions are equal lists: what the server has written inside stays for as long as it is true. */
  #take(list: Ranked): void {
    clearTimeout(this.#timer);
    const same = list.version === this.#version;
    this.#version = list.version;
    if (same && this.#frame === undefined && this.childElementCount > 0) return;
    this.#draw(list);
    this.tell("changed", { key: list.key, version: list.version });
  }

  #missing(): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.tell("error", { code: "NOT_FOUND" });
  }

  #draw(list: Ranked): void {
    const first = this.#frame === undefined;
    const { section, title, empty } = (this.#frame ??= this.#build());
    const { edges } = list.items;
    set(section, "dir", this.words.direction);
    set(section, "lang", this.words.language);
    say(title, list.title);
    say(empty, this.words.say("listEmpty"));
    show(empty, edges.length === 0);
    const before = first ? undefined : this.#places();
    const active = this.root.activeElement;
    this.#rows.arrange(
      edges.map(({ node }) => node.id),
      () => new Row(),
    );
    for (const edge of edges) this.#rows.views.get(edge.node.id)?.update(edge, list.kind !== "LATEST", list.section === null, this.#number);
    if (active instanceof HTMLElement && active.isConnected) active.focus({ preventScroll: true });
    if (before !== undefined) this.#move(before);
  }

  #number = (n: number): string => this.words.number(n);

  /** Each row slides from where it was to where it is; a new one appears. */
  #move(before: ReadonlyMap<Id, number>): void {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const [id, top] of this.#places()) {
      const was = before.get(id);
      const element = this.#rows.views.get(id)?.element;
      if (was === undefined) element?.animate({ opacity: [0, 1] }, MOVE);
      else if (was !== top) element?.animate({ transform: [`translateY(${was - top}px)`, "none"] }, MOVE);
    }
  }

  #places(): Map<Id, number> {
    return new Map([...this.#rows.views].map(([id, { element }]) => [id, element.offsetTop]));
  }

  #build(): Frame {
    const level = this.getAttribute("heading-level") ?? "";
    const title = h(`h${LEVELS.includes(level) ? level : "2"}` as "h2", { id: "title", part: "heading", class: "title", dir: "auto" });
    const list = h("ol", { part: "list", class: "list", role: "list" });
    const empty = h("p", { part: "empty", class: "empty" });
    const section = h("section", { "aria-labelledby": "title", part: "root", class: "root" }, title, list, empty);
    this.#rows = new Keyed<Id, Row>(list);
    this.replaceChildrenShown(section);
    return { section, title, empty };
  }
}

define("newsgraph-list", NewsgraphList);
