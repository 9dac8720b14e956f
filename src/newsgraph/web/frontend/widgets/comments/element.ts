/** `<newsgraph-comments article="ID">`: an article's discussion. docs/embedding.md has its attributes and events. */

import { Credentials, tokenFrom, type TokenSource } from "../credentials";
import { button, h, once, say, set, show } from "../dom";
import { ORDERS, type Card, type Id, type Order, type UserError } from "../model";
import { COMMENTS } from "../styles";
import * as threads from "../thread";
import { ROOT } from "../thread";
import { Refused } from "../transport/requests";
import { define, Widget } from "../widget";
import { Composer } from "./composer";
import { Discussion } from "./discussion";
import { framed, type Frame } from "./frame";
import { Branch, limitsOf, type CommentView, type Scene } from "./views";

const NEAR = "800px"; // how far below the screen it begins to load
const MINUTE = 60_000; // how often "5 minutes ago" is renewed
const TOGETHER = 1_000; // ms within which comments that come are announced as one
const LATE = 4_000; // ms without connection before that is said
const AGAIN = 5_000; // ms, up to twice as long, until what could not be loaded is tried again
const ABSENT = ["NOT_FOUND", "INVALID_ID", "BAD_INPUT"];
const PERMALINK = /^#comment-(\d+)$/;

export class NewsgraphComments extends Widget implements Scene {
  static readonly observedAttributes = ["article", "endpoint", "lang", "order", "token", "token-url", "sign-in", "focus"];

  declare discussion: Discussion;
  #getToken: TokenSource | undefined;
  readonly #live = h("div", { role: "status", class: "unseen" });
  #frame: Frame | undefined;
  #composer: Composer | undefined;
  #stops: (() => void)[] = [];
  #came = 0;
  #coming: ReturnType<typeof setTimeout> | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  readonly #render = once(() => this.#draw());

  constructor() {
    super(COMMENTS);
  }

  /** Where a token comes from, instead of an attribute: asked once, and again when a token was refused. */
  get getToken(): TokenSource | undefined {
    return this.#getToken;
  }

  set getToken(source: TokenSource | undefined) {
    this.#getToken = source;
    if (this.discussion !== undefined) this.signIn();
  }

  // Beginning and end

  protected start(): void {
    this.#adopt();
    const hooks = { changed: () => this.#render(), added: (card: Card, own: boolean) => this.#added(card, own) };
    this.discussion = new Discussion(this.endpoint, this.getAttribute("article") ?? "", this.#credentials(), hooks);
    const clock = setInterval(() => document.visibilityState === "visible" && this.#render(), MINUTE);
    const moved = (): void => void this.#goTo(focusOf(location.hash));
    addEventListener("hashchange", moved);
    this.#stops = [() => clearInterval(clock), () => removeEventListener("hashchange", moved), this.#whenNear()];
  }

  protected stop(): void {
    for (const stop of this.#stops) stop();
    this.discussion.stop();
    clearTimeout(this.#coming);
    clearTimeout(this.#late);
    clearTimeout(this.#again);
    this.#frame = undefined;
    this.#composer = undefined;
  }

  /** What was set before the element was defined is a property of its own, and hides ours. */
  #adopt(): void {
    if (!Object.hasOwn(this, "getToken")) return;
    const { getToken } = this;
    Reflect.deleteProperty(this, "getToken");
    this.#getToken = getToken;
  }

  /** A token or a way to one does not begin the discussion anew. */
  protected override attributeChanged(name: string): void {
    if (name === "token" || name === "token-url") this.signIn();
    else if (name === "sign-in") this.#render();
    else super.attributeChanged(name);
  }

  /** Says that `getToken` has something new to tell. */
  signIn(): void {
    this.discussion.credentials = this.#credentials();
  }

  #credentials(): Credentials {
    const address = this.getAttribute("token-url");
    const token = this.getAttribute("token");
    if (this.#getToken !== undefined) return new Credentials(this.#getToken);
    if (address) return new Credentials(() => tokenFrom(address));
    return new Credentials(() => token);
  }

  /** Loads when the reader comes near; at once for a link to one comment, or when asked to (`loading="eager"`). */
  #whenNear(): () => void {
    const focus = this.getAttribute("focus") ?? focusOf(location.hash);
    if (focus || this.getAttribute("loading") === "eager" || !("IntersectionObserver" in window)) {
      void this.#load(focus ?? undefined);
      return () => undefined;
    }
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        void this.#load(undefined);
      },
      { rootMargin: NEAR },
    );
    observer.observe(this);
    return () => observer.disconnect();
  }

  async #load(focus: Id | undefined, order = this.#order): Promise<void> {
    try {
      await this.discussion.load(order, focus);
      this.tell("ready");
      if (focus !== undefined) this.#highlight(focus);
    } catch (error) {
      if (focus !== undefined && error instanceof Refused) return this.#unfocused(order);
      this.#failed(error, order);
    }
  }

  /** What could not be loaded is tried again by itself; what is not there is not. */
  #failed(error: unknown, order: Order): void {
    this.discussion.problem = error instanceof Refused && ABSENT.includes(error.code) ? "missing" : "failed";
    this.#render();
    clearTimeout(this.#again);
    const wait = AGAIN * (1 + Math.random());
    if (this.discussion.problem === "failed") this.#again = setTimeout(() => void this.#load(undefined, order), wait);
  }

  /** The comment of the link is gone: the whole discussion instead. */
  async #unfocused(order: Order): Promise<void> {
    await this.#load(undefined, order);
    this.announce(this.words.say("linkMissing"));
    if (this.#frame) {
      say(this.#frame.notice, this.words.say("linkMissing"));
      show(this.#frame.notice, true);
    }
  }

  get #order(): Order {
    const said = (this.getAttribute("order") ?? "").toUpperCase();
    return ORDERS.find((one) => one === said) ?? "NEWEST";
  }

  async #goTo(focus: Id | undefined): Promise<void> {
    if (focus === undefined) return;
    if (this.discussion.thread?.cards.has(focus)) this.#highlight(focus);
    else await this.#load(focus);
  }

  #highlight(id: Id): void {
    this.#draw();
    for (const other of this.root.querySelectorAll(".focused")) other.classList.remove("focused");
    this.#view(id)?.highlight();
  }

  #view(id: Id): CommentView | undefined {
    return this.#frame?.branch.view(id);
  }

  // Scene

  signedIn(): boolean {
    if (this.discussion.viewer !== undefined) return true;
    const go = this.tell("sign-in", null, true);
    const address = this.#signInAddress;
    if (go && address) location.assign(address);
    return false;
  }

  get #signInAddress(): string | null {
    const said = this.getAttribute("sign-in");
    if (!said) return null;
    const address = new URL(said, document.baseURI);
    return /^https?:$/.test(address.protocol) ? address.href : null;
  }

  inWords(error: UserError): string {
    const { words } = this;
    this.tell("error", { code: error.code });
    if (!words.has(error.code)) return error.code === "WORD_BLOCKED" ? error.message : words.say("unknown");
    const time = error.retryAt ? words.ago(error.retryAt) : "";
    return words.say(error.code, { time, limit: error.limit ?? 0, n: error.limit ?? 0 }).replace(/\s+(?=[.。]?$)/, "");
  }

  announce(text: string): void {
    say(this.#live, text);
  }

  // What comes

  #added(card: Card, own: boolean): void {
    if (own) return this.announce(this.words.say("postedSaid"));
    this.#came += 1;
    this.#coming ??= setTimeout(() => {
      this.announce(this.words.say("newComments", { n: this.#came }));
      this.#coming = undefined;
      this.#came = 0;
    }, TOGETHER);
    this.tell("added", { id: card.id });
  }

  /** In place while nobody is in the midst of the list; else a button says that there is something. */
  #settle(): void {
    const { thread } = this.discussion;
    if (thread === undefined || thread.arrivals.length === 0 || this.#reading || !this.discussion.placeable) return;
    this.discussion.reveal();
  }

  get #reading(): boolean {
    const list = this.#frame?.branch.element;
    if (list === undefined || list.hidden) return false;
    const active = this.root.activeElement;
    const writing = active instanceof HTMLTextAreaElement && list.contains(active);
    return writing || list.getBoundingClientRect().top < 0;
  }

  #showArrivals(): void {
    const { thread } = this.discussion;
    const last = thread?.arrivals.at(-1)?.id;
    if (thread === undefined || last === undefined) return;
    if (!this.discussion.placeable) return void this.#load(undefined, "NEWEST").then(() => this.#highlight(last));
    this.discussion.reveal();
    this.#highlight(last);
  }

  // Drawing

  #draw(): void {
    const { discussion } = this;
    if (discussion.thread === undefined) return this.#drawProblem();
    if (discussion.problem === "missing") return this.#drawProblem();
    this.#settle();
    const active = this.root.activeElement;
    const frame = (this.#frame ??= this.#build());
    const shown = frame.branch.update();
    this.#drawAround(frame, discussion.thread, shown);
    this.#drawForm(frame);
    this.#drawLine(frame);
    if (active !== null && !active.isConnected) this.#refocus(frame);
  }

  #drawAround(frame: Frame, thread: threads.Thread, shown: number): void {
    const { words, discussion } = this;
    set(frame.section, "dir", words.direction);
    set(frame.section, "lang", words.language);
    say(frame.count, words.number(thread.count));
    if (frame.order.value !== discussion.order) frame.order.value = discussion.order;
    show(frame.order.parentElement as HTMLElement, shown > 1);
    show(frame.all, discussion.focus !== undefined);
    show(frame.arrivals, thread.arrivals.length > 0);
    say(frame.arrivals, words.say("newComments", { n: thread.arrivals.length + thread.missed }));
    show(frame.more, threads.branchOf(thread, ROOT).more);
    show(frame.empty, shown === 0);
    say(frame.empty, discussion.open ? `${words.say("empty")} ${words.say("emptyInvite")}` : words.say("empty"));
  }

  #drawForm(frame: Frame): void {
    const { open, viewer, standing } = this.discussion;
    const notice = this.#noticed();
    say(frame.notice, notice);
    show(frame.notice, notice !== "");
    const may = open && viewer !== undefined && (standing?.viewerMayPost ?? false);
    if (may) this.#drawComposer(frame);
    else this.#drawGate(frame, open && viewer === undefined);
  }

  /** What is typed stays when rights come back. */
  #drawComposer(frame: Frame): void {
    const { words, discussion } = this;
    this.#composer ??= new Composer(
      {
        label: words.say("write"),
        submit: words.say("post"),
        limits: () => limitsOf(discussion),
        send: (text) => this.#post(text),
      },
      words,
    );
    if (frame.place.firstChild !== this.#composer.element) frame.place.replaceChildren(this.#composer.element);
    this.#composer.count();
  }

  async #post(text: string): Promise<string | undefined> {
    const before = this.discussion.held.length;
    const error = await this.discussion.post(null, text);
    if (error !== undefined) return this.inWords(error);
    if (this.discussion.held.length > before) this.announce(this.words.say("heldSaid"));
    this.tell("posted");
    return undefined;
  }

  #drawGate(frame: Frame, anonymous: boolean): void {
    if (!anonymous) return frame.place.replaceChildren();
    if (frame.place.firstElementChild?.classList.contains("gate")) return;
    const why = h("p", {}, this.words.say("signInWhy"));
    const ask = button("sign-in", this.words.say("signIn"), () => this.signedIn());
    frame.place.replaceChildren(h("div", { class: "gate", part: "gate" }, why, ask));
  }

  #noticed(): string {
    const { words } = this;
    const { policy, viewer, standing } = this.discussion;
    if (policy === undefined) return "";
    if (!this.discussion.open) return words.say("closed");
    const wait = standing?.viewerWaitUntil;
    if (wait && Date.parse(wait) > Date.now()) return words.say("waitUntil", { time: words.ago(wait) });
    if (viewer !== undefined && standing?.viewerMayPost === false) return words.say("mayNot");
    if (policy.mode === "PRE") return words.say("heldHere");
    return policy.closesAt ? words.say("closesAt", { time: words.ago(policy.closesAt) }) : "";
  }

  /** A connection that comes back soon is not worth a word. */
  #drawLine(frame: Frame): void {
    set(this, "line", this.discussion.lineState);
    const away = this.discussion.lineState === "waiting" || this.discussion.lineState === "opening";
    if (!away) {
      clearTimeout(this.#late);
      this.#late = undefined;
      say(frame.line, "");
      show(frame.line, false);
      return;
    }
    this.#late ??= setTimeout(() => {
      say(frame.line, this.words.say("offline"));
      show(frame.line, true);
    }, LATE);
  }

  /** What had the focus is gone: the keyboard goes on from the list's beginning. */
  #refocus(frame: Frame): void {
    this.announce(this.words.say("removedSaid"));
    const next = frame.branch.element.querySelector<HTMLElement>("li[tabindex]");
    (next ?? frame.section).focus({ preventScroll: true });
  }

  #drawProblem(): void {
    const { problem } = this.discussion;
    if (problem === undefined) return;
    this.#frame = undefined;
    const { words } = this;
    const text = h("p", {}, words.say(problem === "missing" ? "missing" : "loadFailed"));
    const again = button("action", words.say("again"), () => void this.#load(undefined));
    show(again, problem === "failed");
    const box = h("div", { role: "alert", part: "problem", class: "problem", dir: words.direction, lang: words.language });
    box.append(text, again);
    // Comments that the server has written stay: they are better than nothing.
    this.root.replaceChildren(...(problem === "failed" ? [h("slot")] : []), box);
  }

  #build(): Frame {
    const frame = framed(this.words, new Branch(ROOT, this), {
      order: (order) => void this.#load(undefined, order),
      all: () => void this.#load(undefined),
      arrivals: () => this.#showArrivals(),
      more: () => this.#showMore(),
    });
    this.replaceChildrenShown(frame.section, this.#live);
    return frame;
  }

  #showMore(): void {
    const { more } = this.#frame as Frame;
    more.disabled = true;
    void this.discussion
      .more(ROOT)
      .catch(() => this.announce(this.words.say("loadFailed")))
      .finally(() => (more.disabled = false));
  }
}

/** The id of the comment that a permalink's fragment names. */
function focusOf(hash: string): Id | undefined {
  const number = PERMALINK.exec(hash)?.[1];
  return number === undefined ? undefined : btoa(`Comment:${number}`);
}

define("newsgraph-comments", NewsgraphComments);
