/** A thread's comments as elements. Each is kept up in place, so that what is open, typed or focused in it stays. */

import { button, h, Keyed, say, set, show } from "../dom";
import { REACTIONS, type Card, type Id, type UserError } from "../model";
import { safeLink } from "../text";
import * as threads from "../thread";
import { ROOT } from "../thread";
import type { Words } from "../words";
import { Composer } from "./composer";
import type { Discussion } from "./discussion";
import type { Draft } from "./outbox";
import { removePanel, reportPanel, type Panel } from "./panels";

/** What the views of one widget share. */
export interface Scene {
  readonly discussion: Discussion;
  readonly words: Words;
  /** Asks the page to sign somebody in; true when somebody is. */
  signedIn(): boolean;
  /** An error in words. */
  inWords(error: UserError): string;
  /** For those who do not see it happen. */
  announce(text: string): void;
}

interface View {
  readonly element: HTMLElement;
  update(): void;
}

type PanelName = "reply" | "edit" | "report" | "remove";

/** A list of comments with those on their way: the top level, or the replies to one. */
export class Branch {
  readonly element: HTMLUListElement;
  readonly #views: Keyed<string, View>;

  constructor(
    readonly parent: Id,
    readonly scene: Scene,
  ) {
    const part = parent === ROOT ? "list" : "replies";
    this.element = h("ul", { part, class: part, role: "list" });
    this.#views = new Keyed(this.element);
  }

  /** Returns how many there are. */
  update(): number {
    const { discussion } = this.scene;
    const own = discussion.drafts.filter(({ parentId }) => (parentId ?? ROOT) === this.parent);
    const drafts = own.map(({ key }) => `draft ${key}`);
    const held = discussion.held.filter((card) => this.#holds(card)).map(({ id }) => `held ${id}`);
    const ids = discussion.thread ? threads.branchOf(discussion.thread, this.parent).ids : [];
    const keys = this.parent === ROOT ? [...drafts, ...held, ...ids] : [...ids, ...held, ...drafts];
    this.#views.arrange(keys, (key) => this.#make(key));
    for (const view of this.#views.views.values()) view.update();
    show(this.element, keys.length > 0);
    return keys.length;
  }

  view(id: Id): CommentView | undefined {
    for (const view of this.#views.views.values()) {
      if (!(view instanceof CommentView)) continue;
      const found = view.id === id ? view : view.replies.view(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A reply that is held stands below its parent, if that is shown; else at the top. */
  #holds(card: Card): boolean {
    const { thread } = this.scene.discussion;
    const parent = card.parent !== null && thread?.cards.has(card.parent.id) ? card.parent.id : ROOT;
    return parent === this.parent;
  }

  #make(key: string): View {
    const [kind, rest] = key.split(" ", 2) as [string, string | undefined];
    if (rest === undefined) return new CommentView(key, this.scene);
    return kind === "draft" ? new DraftView(rest, this.scene) : new HeldView(rest, this.scene);
  }
}

export class CommentView implements View {
  readonly element: HTMLLIElement;
  readonly replies: Branch;
  readonly #article: HTMLElement;
  readonly #author = h("bdi", { part: "author", class: "author" });
  readonly #badges = h("span", { class: "badges" });
  readonly #link: HTMLAnchorElement;
  readonly #time = h("time");
  readonly #edited = h("span", { part: "edited", class: "edited", hidden: true });
  readonly #featured = h("span", { part: "featured", class: "featured", hidden: true });
  readonly #body = h("p", { part: "body", class: "body", dir: "auto" });
  readonly #actions: HTMLElement;
  readonly #buttons: ReadonlyMap<PanelName, HTMLButtonElement>;
  readonly #reactions: ReadonlyMap<string, HTMLButtonElement>;
  readonly #place = h("div", { class: "panel" });
  readonly #message = h("p", { part: "message", class: "message", role: "status", hidden: true });
  readonly #more: HTMLButtonElement;
  #panel: { readonly name: PanelName; readonly panel: Panel | Composer } | undefined;

  constructor(
    readonly id: Id,
    readonly scene: Scene,
  ) {
    const { words } = scene;
    this.#link = h("a", { part: "time", class: "time" }, this.#time);
    this.#reactions = new Map(REACTIONS.map((kind) => [kind, this.#reaction(kind)]));
    const names: readonly PanelName[] = ["reply", "edit", "remove", "report"];
    this.#buttons = new Map(names.map((name) => [name, this.#opener(name)]));
    this.#actions = h("div", { part: "actions", class: "actions" }, ...this.#reactions.values(), ...this.#buttons.values());
    const heading = h("header", { class: "by" }, this.#author, this.#badges, this.#link, this.#edited, this.#featured);
    this.#article = h("article", { class: "comment" }, heading, this.#body, this.#actions, this.#message, this.#place);
    this.replies = new Branch(id, scene);
    this.#more = button("more", "", () => this.#showMore());
    this.element = h("li", { part: "comment", class: "item", tabindex: -1 }, this.#article, this.replies.element, this.#more);
    say(this.#featured, words.say("featured"));
    say(this.#edited, words.say("edited"));
  }

  get card(): Card | undefined {
    return this.scene.discussion.thread?.cards.get(this.id);
  }

  update(): void {
    const card = this.card;
    if (card === undefined) return;
    const gone = card.body === null;
    this.element.classList.toggle("gone", gone);
    set(this.element, "id", new URL(card.permalink, document.baseURI).hash.slice(1) || null);
    this.#sayWho(card);
    say(this.#body, card.body ?? this.scene.words.say("removed"));
    show(this.#edited, !gone && card.editedAt !== null);
    show(this.#featured, !gone && card.featured);
    show(this.#actions, !gone);
    if (gone) this.close();
    else this.#offer(card);
    this.#fold(card);
  }

  /** Opens one of the panels below the comment, or closes it when it is open. */
  open(name: PanelName, text?: string, error?: string): void {
    const again = this.#panel?.name === name && text === undefined;
    this.close();
    if (again) return;
    const panel = this.#make(name);
    this.#panel = { name, panel };
    this.#place.append(panel.element);
    set(this.#buttons.get(name) as Element, "aria-expanded", "true");
    if (panel instanceof Composer && text !== undefined) panel.restore(text, error);
    panel.focus();
  }

  close(): void {
    if (this.#panel === undefined) return;
    const opener = this.#buttons.get(this.#panel.name) as HTMLButtonElement;
    const inside = this.#place.contains((this.#place.getRootNode() as ShadowRoot).activeElement);
    this.#place.replaceChildren();
    this.#panel = undefined;
    set(opener, "aria-expanded", "false");
    if (inside) opener.focus();
  }

  /** Brings it to the reader's eyes, and to where the keyboard goes on. */
  highlight(): void {
    this.element.classList.add("focused");
    this.element.scrollIntoView({ block: "center" });
    this.element.focus({ preventScroll: true });
  }

  #sayWho(card: Card): void {
    const { words } = this.scene;
    say(this.#author, card.author?.name ?? "");
    const badges = (card.author?.badges ?? []).map((badge) => (words.has(badge) ? words.say(badge) : badge));
    if (this.#badges.childElementCount !== badges.length) {
      this.#badges.replaceChildren(...badges.map((badge) => h("span", { part: "badge", class: "badge" }, badge)));
    }
    set(this.#article, "aria-label", card.author ? words.say("actionsFor", { name: card.author.name }) : words.say("removed"));
    set(this.#link, "href", safeLink(card.permalink));
    set(this.#time, "datetime", card.createdAt);
    set(this.#time, "title", words.at(card.createdAt));
    say(this.#time, words.ago(card.createdAt));
  }

  #offer(card: Card): void {
    const { discussion } = this.scene;
    const { viewer, policy } = discussion;
    const own = viewer !== undefined && card.author?.id === viewer.commenter.id;
    const editable = own && card.editableUntil !== null && Date.parse(card.editableUntil) > Date.now();
    const open = discussion.open && card.depth < (policy?.maxDepth ?? 0);
    const offered: Record<PanelName, boolean> = { reply: open, edit: editable, remove: own, report: !own };
    for (const [name, opener] of this.#buttons) show(opener, offered[name]);
    if (card.author) set(this.#buttons.get("reply") as Element, "aria-label", this.#replyTo(card.author.name));
    for (const [kind, pressed] of this.#reactions) this.#count(card, kind, pressed, own);
  }

  #replyTo(name: string): string {
    return this.scene.words.say("replyTo", { name });
  }

  #count(card: Card, kind: string, pressed: HTMLButtonElement, own: boolean): void {
    const count = card.reactions.find((one) => one.kind === kind)?.count ?? 0;
    set(pressed, "aria-pressed", String(card.viewerReaction === kind));
    say(pressed.querySelector(".number") as Element, count > 0 ? this.scene.words.number(count) : "");
    pressed.disabled = own;
  }

  #fold(card: Card): void {
    const { discussion, words } = this.scene;
    const { thread } = discussion;
    if (thread === undefined) return;
    this.replies.update();
    const n = threads.hidden(thread, card.id);
    show(this.#more, threads.branchOf(thread, card.id).more && n > 0);
    say(this.#more, words.say("moreReplies", { n }));
  }

  #showMore(): void {
    this.#more.disabled = true;
    void this.scene.discussion
      .more(this.id)
      .catch(() => this.#tell(this.scene.words.say("loadFailed")))
      .finally(() => (this.#more.disabled = false));
  }

  #reaction(kind: (typeof REACTIONS)[number]): HTMLButtonElement {
    const { words, discussion } = this.scene;
    const made = button("reaction", "", () => {
      if (!this.scene.signedIn()) return;
      const kept = this.card?.viewerReaction === kind;
      void discussion.react(this.id, kept ? null : kind).then((error) => this.#answer(error));
    });
    made.append(h("span", {}, words.say(kind)), " ", h("span", { class: "number", part: "number" }));
    return made;
  }

  #opener(name: PanelName): HTMLButtonElement {
    const made = button("action", this.scene.words.say(name), () => {
      if (this.scene.signedIn()) this.open(name);
    });
    set(made, "aria-expanded", "false");
    return made;
  }

  #make(name: PanelName): Panel | Composer {
    const { words, discussion } = this.scene;
    const close = (): void => this.close();
    switch (name) {
      case "reply":
        return this.#replyComposer();
      case "edit":
        return this.#editComposer();
      case "report":
        return reportPanel(words, (reason, note) => this.#report(reason, note), close);
      case "remove":
        return removePanel(words, () => void discussion.remove(this.id).then((error) => this.#answer(error)), close);
    }
  }

  #replyComposer(): Composer {
    const { words, discussion } = this.scene;
    const purpose = {
      label: words.say("writeReply", { name: this.card?.author?.name ?? "" }),
      submit: words.say("postReply"),
      limits: () => limitsOf(discussion),
      cancel: () => this.close(),
      send: async (text: string): Promise<undefined> => {
        this.close();
        const error = await discussion.post(this.id, text);
        if (error !== undefined) this.open("reply", text, this.scene.inWords(error));
      },
    };
    return new Composer(purpose, words);
  }

  #editComposer(): Composer {
    const { words, discussion } = this.scene;
    const purpose = {
      label: words.say("edit"),
      submit: words.say("save"),
      text: this.card?.body ?? "",
      limits: () => limitsOf(discussion),
      cancel: () => this.close(),
      send: async (text: string): Promise<string | undefined> => {
        const error = await discussion.edit(this.id, text);
        if (error !== undefined) return this.scene.inWords(error);
        this.close();
        return undefined;
      },
    };
    return new Composer(purpose, words);
  }

  async #report(reason: Parameters<Discussion["flag"]>[1], note: string): Promise<string | undefined> {
    const error = await this.scene.discussion.flag(this.id, reason, note);
    if (error !== undefined) return this.scene.inWords(error);
    this.close();
    this.#tell(this.scene.words.say("reported"));
    return undefined;
  }

  #answer(error: UserError | undefined): void {
    this.#tell(error === undefined ? "" : this.scene.inWords(error));
  }

  #tell(text: string): void {
    say(this.#message, text);
    show(this.#message, text !== "");
  }
}

/** A comment on its way, as it will look. */
class DraftView implements View {
  readonly element: HTMLLIElement;
  readonly #state = h("p", { part: "state", class: "state" });
  readonly #again: HTMLElement;

  constructor(
    readonly key: string,
    readonly scene: Scene,
  ) {
    const { words, discussion } = scene;
    this.#again = button("action", words.say("again"), () => void discussion.resend());
    const body = h("p", { part: "body", class: "body", dir: "auto" });
    const author = h("bdi", { part: "author", class: "author" }, discussion.viewer?.name ?? "");
    say(body, this.#draft?.body ?? "");
    const actions = h("div", { class: "actions" }, this.#state, this.#again);
    this.element = h("li", { part: "comment draft", class: "item draft" }, h("header", { class: "by" }, author), body, actions);
  }

  get #draft(): Draft | undefined {
    return this.scene.discussion.drafts.find(({ key }) => key === this.key);
  }

  update(): void {
    const unsent = this.#draft?.state === "unsent";
    say(this.#state, this.scene.words.say(unsent ? "unsent" : "sending"));
    show(this.#again, unsent);
  }
}

/** A comment that waits for a moderator; its author may take it back. */
class HeldView implements View {
  readonly element: HTMLLIElement;
  readonly #body = h("p", { part: "body", class: "body", dir: "auto" });

  constructor(
    readonly id: Id,
    readonly scene: Scene,
  ) {
    const { words, discussion } = scene;
    const author = h("bdi", { part: "author", class: "author" }, discussion.viewer?.name ?? "");
    const state = h("p", { part: "state", class: "state" }, words.say("held"));
    const remove = button("action", words.say("remove"), () => {
      void discussion.remove(id).then((error) => error && scene.announce(scene.inWords(error)));
    });
    const actions = h("div", { class: "actions" }, state, remove);
    this.element = h("li", { part: "comment held", class: "item held" }, h("header", { class: "by" }, author), this.#body, actions);
  }

  update(): void {
    say(this.#body, this.scene.discussion.held.find(({ id }) => id === this.id)?.body ?? "");
  }
}

export function limitsOf(discussion: Discussion): { readonly minLength: number; readonly maxLength: number } {
  return discussion.policy ?? { minLength: 1, maxLength: Number.MAX_SAFE_INTEGER };
}
