/** What all widgets have in common: where the server is, in which language they speak, when they begin and end. */

import { sheet } from "./dom";
import { BASE } from "./styles";
import { languageOf, Words } from "./words";

const HERE = "/graphql";

export abstract class Widget extends HTMLElement {
  protected readonly root: ShadowRoot;
  #words: Words | undefined;
  #running = false;

  constructor(css: string) {
    super();
    this.root = this.attachShadow({ mode: "open" });
    this.root.adoptedStyleSheets = [sheet(BASE), sheet(css)];
    // What the server has written inside is shown until there is something newer to show (docs/embedding.md).
    this.root.append(document.createElement("slot"));
  }

  /** The GraphQL endpoint: the attribute's, else that of the server which this module came from. */
  get endpoint(): string {
    const said = this.getAttribute("endpoint");
    return said ? new URL(said, document.baseURI).href : new URL(HERE, import.meta.url).href;
  }

  get words(): Words {
    this.#words ??= new Words(languageOf(this));
    return this.#words;
  }

  connectedCallback(): void {
    if (this.#running) return;
    this.#running = true;
    this.#words = undefined;
    this.start();
  }

  /** An element that is only moved goes on as it is. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (this.isConnected || !this.#running) return;
      this.#running = false;
      this.stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#running || before === now) return;
    this.#words = undefined;
    this.attributeChanged(name);
  }

  /** Begins anew with what is different now. */
  protected attributeChanged(_name: string): void {
    this.stop();
    this.start();
  }

  protected abstract start(): void;
  protected abstract stop(): void;

  /** Takes the place of what the server has written inside. */
  protected replaceChildrenShown(...nodes: readonly Node[]): void {
    this.root.replaceChildren(...nodes);
  }

  protected tell(name: string, detail: unknown = null, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(`newsgraph-${name}`, { detail, cancelable, bubbles: true, composed: true }));
  }
}

export function define(name: string, widget: CustomElementConstructor): void {
  if (customElements.get(name) === undefined) customElements.define(name, widget);
}
