/** One article's discussion: what is known of it, what the viewer does in it, and what the stream tells. Draws nothing. */

import type { Credentials } from "../credentials";
import * as documents from "../documents";
import {
  type ArticleEvent,
  type Card,
  type CommentEvent,
  type FlagReason,
  type Id,
  type Order,
  type Policy,
  type ReactionKind,
  type Standing,
  type UserError,
  type Viewer,
} from "../model";
import * as threads from "../thread";
import { ROOT, type Thread } from "../thread";
import { lineTo, type Line, type LineState } from "../transport/line";
import { Refused, type Variables } from "../transport/requests";
import { follow } from "../transport/stream";
import { type Draft, Outbox } from "./outbox";
import { type Payload, type Posted, problemOf, Source, unknown } from "./source";

const PAGE = 20;
const MOST = 100;
const PAGES = 3; // of so many comments are fetched anew at most
const DAY = 86_400_000;

export interface Hooks {
  /** Something is to be shown otherwise. */
  changed(): void;
  /** A comment came, or was the viewer's own. */
  added(card: Card, own: boolean): void;
}

/** A thread as it was read, and where in the log that was. */
interface Read {
  readonly thread: Thread;
  readonly policy: Policy;
  readonly cursor: string | undefined;
}

export class Discussion {
  thread: Thread | undefined;
  policy: Policy | undefined;
  standing: Standing | undefined;
  viewer: Viewer | undefined;
  /** What the viewer has written and a moderator has not read yet. */
  held: readonly Card[] = [];
  problem: "missing" | "failed" | undefined;
  order: Order = "NEWEST";
  /** The comment at which the page begins, if it does not begin at its beginning. */
  focus: Id | undefined;
  readonly #line: Line;
  readonly #source: Source;
  readonly #outbox: Outbox;
  #stops: (() => void)[] = [];
  #wait: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  #known: Promise<void> | undefined;

  constructor(
    endpoint: string,
    readonly article: Id,
    credentials: Credentials,
    readonly hooks: Hooks,
  ) {
    this.#line = lineTo(endpoint);
    this.#source = new Source(endpoint, article, credentials);
    this.#outbox = new Outbox(
      this.#source,
      () => hooks.changed(),
      (posted) => this.#posted(posted),
      (error) => this.#problem(error),
    );
  }

  /** Somebody has signed in, or out. */
  set credentials(credentials: Credentials) {
    this.#source.credentials = credentials;
    void this.identify();
  }

  /** Whether comments are taken: the rules say so, and their time is not over. */
  get open(): boolean {
    const closesAt = this.policy?.closesAt;
    return this.policy?.open === true && !(closesAt && Date.parse(closesAt) <= Date.now());
  }

  /** Whether what is new has a place on this page, which may begin at somebody's comment. */
  get placeable(): boolean {
    return this.thread !== undefined && this.focus === undefined && threads.placeable(this.thread);
  }

  get lineState(): LineState {
    return this.#line.state;
  }

  // Reading

  /** The thread from its beginning, or from the page with one comment on. Errors: Refused NOT_FOUND for the comment. */
  async load(order: Order, focus?: Id): Promise<void> {
    const turn = ++this.#turn;
    // Both at once, and shown together: a field to write in does not push the comments down later.
    const [first] = await Promise.all([this.#fetch(order, PAGE, focus), this.#known ?? this.identify()]);
    if (turn !== this.#turn) return; // something else was asked for meanwhile
    this.stop();
    this.order = order;
    this.focus = focus;
    if (first === undefined) return;
    this.#take(first.thread, first.policy);
    this.#follow(first.cursor);
    void this.#ownReactions([...first.thread.cards.keys()]);
    void this.resend();
  }

  /** Who the viewer is, what they may do, and what of theirs is held. */
  identify(): Promise<void> {
    this.#known = this.#identify();
    return this.#known;
  }

  async #identify(): Promise<void> {
    if ((await this.#source.credentials.token()) === null) return this.#anonymous();
    try {
      const { viewer, node } = await this.#source.known();
      if (viewer === null) return this.#anonymous();
      this.viewer = viewer;
      this.standing = node?.commentPolicy;
      this.held = viewer.pendingComments.edges.map((edge) => edge.node);
      this.hooks.changed();
      this.#until(this.standing?.viewerWaitUntil);
      void this.#ownReactions([...(this.thread?.cards.keys() ?? [])]);
    } catch (error) {
      if (this.viewer === undefined || unknown(error)) this.#anonymous();
    }
  }

  /** Who has to wait is told when that is over. */
  #until(time: string | null | undefined): void {
    clearTimeout(this.#wait);
    const left = time ? Date.parse(time) - Date.now() : 0;
    if (left > 0 && left < DAY) this.#wait = setTimeout(() => this.hooks.changed(), left);
  }

  #anonymous(): void {
    this.viewer = undefined;
    this.standing = undefined;
    this.held = [];
    const ids = [...(this.thread?.cards.keys() ?? [])];
    if (this.thread !== undefined) this.thread = threads.reacted(this.thread, new Map(ids.map((id) => [id, null])));
    this.hooks.changed();
  }

  /** The next page of the top level, or of the replies to a comment. */
  async more(parent: Id): Promise<void> {
    const turn = this.#turn;
    if (this.thread === undefined) return;
    const { after } = threads.branchOf(this.thread, parent);
    const page = await (parent === ROOT
      ? this.#source.page(this.order, PAGE, after)
      : this.#source.replies(parent, PAGE, after));
    if (page === undefined || turn !== this.#turn) return;
    const before = this.thread.cards;
    this.thread = threads.extend(this.thread, parent, page);
    this.hooks.changed();
    void this.#ownReactions([...this.thread.cards.keys()].filter((id) => !before.has(id)));
  }

  async #fetch(order: Order, first: number, focus: Id | undefined): Promise<Read | undefined> {
    const found = await this.#source.beginning(order, first, focus);
    if (found === undefined) {
      this.problem = "missing";
      this.hooks.changed();
      return undefined;
    }
    const { comments, commentCount, commentPolicy } = found;
    return { thread: threads.begin(order, commentCount, comments), policy: commentPolicy, cursor: comments.liveCursor };
  }

  #take(thread: Thread, policy: Policy): void {
    this.thread = thread;
    this.policy = policy;
    this.problem = undefined;
    this.hooks.changed();
  }

  // Following

  #follow(after: string | undefined): void {
    const variables = { article: this.article };
    const gone = (): void => this.#missing();
    this.#stops = [
      follow<CommentEvent>(this.#line, after, {
        query: documents.COMMENT_EVENTS,
        variables,
        tell: (event) => this.#told(event),
        refetch: () => this.#refetch(),
        gone,
      }),
      follow<ArticleEvent>(this.#line, after, {
        query: documents.ARTICLE_EVENTS,
        variables,
        tell: (event) => this.#articleTold(event),
        refetch: () => Promise.resolve(undefined), // the other stream's refetch brings the rules, too
        gone,
      }),
      this.#line.watch((state) => {
        if (state === "live") void this.resend();
        this.hooks.changed();
      }),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#outbox.stop();
    clearTimeout(this.#wait);
  }

  #missing(): void {
    this.stop();
    this.problem = "missing";
    this.hooks.changed();
  }

  #told(event: CommentEvent): void {
    if (this.thread === undefined) return;
    const before = this.thread;
    this.thread = threads.fold(before, event);
    if (event.__typename === "CommentAdded") this.#came(event.commentEdge.node, before);
    if (event.__typename !== "StreamReady") this.hooks.changed();
  }

  #came(card: Card, before: Thread): void {
    this.held = this.held.filter(({ id }) => id !== card.id);
    const fresh = !before.cards.has(card.id) && !before.arrivals.some(({ id }) => id === card.id);
    const own = card.author !== null && card.author.id === this.viewer?.commenter.id;
    if (own) this.thread = threads.insert(this.thread ?? before, card);
    if (own) this.#outbox.arrived(card);
    if (fresh) this.hooks.added(card, own);
  }

  #articleTold(event: ArticleEvent): void {
    if (event.__typename === "ArticleRetracted") return this.#missing();
    if (event.__typename !== "ArticleChanged") return;
    this.policy = event.article.commentPolicy;
    this.hooks.changed();
  }

  /** Everything that is shown, as it is now; where that is. */
  async #refetch(): Promise<string | undefined> {
    const old = this.thread;
    const shown = old === undefined ? 0 : threads.branchOf(old, ROOT).ids.length;
    const size = Math.max(PAGE, shown);
    const fresh = await this.#fetch(this.order, size, this.focus).catch((error: unknown) => this.#lost(error, size));
    if (fresh === undefined) return undefined;
    const whole = await this.#further(fresh.thread, shown);
    const thread = old === undefined ? whole : threads.renewed(old, whole, await this.#source.opened(threads.opened(old)));
    this.#take(thread, fresh.policy);
    const known = new Set(old?.arrivals.map(({ id }) => id));
    for (const card of thread.arrivals) if (!known.has(card.id)) this.hooks.added(card, false);
    void this.identify();
    return fresh.cursor;
  }

  /** As far down as the reader had gone. */
  async #further(thread: Thread, shown: number): Promise<Thread> {
    let whole = thread;
    for (let pages = 1; pages < PAGES; pages += 1) {
      const { ids, after, more } = threads.branchOf(whole, ROOT);
      if (!more || ids.length >= shown) break;
      const page = await this.#source.page(this.order, MOST, after);
      if (page === undefined) break;
      whole = threads.extend(whole, ROOT, page);
    }
    return whole;
  }

  /** The comment at which the page began may be gone. */
  async #lost(error: unknown, size: number): Promise<Read | undefined> {
    if (this.focus === undefined || !(error instanceof Refused)) throw error;
    this.focus = undefined;
    return this.#fetch(this.order, size, undefined);
  }

  /** Shows what waited. */
  reveal(): void {
    if (this.thread === undefined) return;
    this.thread = threads.reveal(this.thread);
    this.hooks.changed();
  }

  // Taking part. Each returns what was wrong, if anything was.

  get drafts(): readonly Draft[] {
    return this.#outbox.drafts;
  }

  /** Shows the comment at once, and sends it, as often as it takes. */
  post(parentId: Id | null, body: string): Promise<UserError | undefined> {
    return this.#outbox.post(parentId, body);
  }

  resend(): Promise<void> {
    return this.#outbox.resend();
  }

  async #posted({ commentEdge, userErrors }: Posted): Promise<UserError | undefined> {
    const card = commentEdge?.node;
    if (userErrors[0] !== undefined) {
      void this.identify(); // it may be that they may not post any more
      return userErrors[0];
    }
    if (card === undefined) await this.identify(); // which has what is held
    else if (this.thread !== undefined) {
      const fresh = !this.thread.cards.has(card.id);
      this.thread = threads.insert(this.thread, card);
      if (fresh) this.hooks.added(card, true);
    }
    this.hooks.changed();
    return undefined;
  }

  async edit(id: Id, body: string): Promise<UserError | undefined> {
    return this.#change(documents.EDIT, { id, body }, ({ comment }) => {
      if (comment?.status === "PUBLISHED") this.#update(comment);
      else void this.identify(); // with its new text it waits for a moderator
    });
  }

  async remove(id: Id): Promise<UserError | undefined> {
    return this.#change(documents.REMOVE, { id }, () => {
      this.held = this.held.filter((one) => one.id !== id);
      const card = this.thread?.cards.get(id);
      // The stream tells of it, too, and is believed about the count.
      if (this.thread && card?.body != null) this.thread = threads.removed(this.thread, id, card.parent?.id ?? null);
    });
  }

  /** Shown at once; put right when it was not taken. */
  async react(id: Id, kind: ReactionKind | null): Promise<UserError | undefined> {
    const before = this.thread?.cards.get(id);
    if (this.thread === undefined || before === undefined) return undefined;
    this.thread = threads.react(this.thread, id, kind);
    this.hooks.changed();
    const error = await this.#change(documents.REACT, { id, kind }, ({ comment }) => {
      if (comment != null) this.#update(comment);
    });
    if (error !== undefined) this.#update(before);
    return error;
  }

  async flag(id: Id, reason: FlagReason, note: string): Promise<UserError | undefined> {
    return this.#change(documents.FLAG, { id, reason, note: note || null }, () => undefined);
  }

  async #change(query: string, input: Variables, done: (payload: Payload) => void): Promise<UserError | undefined> {
    try {
      const payload = await this.#source.change(query, input);
      if (payload.userErrors[0] !== undefined) return payload.userErrors[0];
      done(payload);
      this.hooks.changed();
      return undefined;
    } catch (error) {
      return this.#problem(error);
    }
  }

  #problem(error: unknown): UserError {
    if (unknown(error)) this.#anonymous();
    return problemOf(error);
  }

  #update(card: Card): void {
    if (this.thread !== undefined) this.thread = threads.updated(this.thread, card);
    this.hooks.changed();
  }

  /** A nicety: whoever cannot be told goes without. */
  async #ownReactions(ids: readonly Id[]): Promise<void> {
    if (this.viewer === undefined || ids.length === 0) return;
    try {
      const own = await this.#source.reactions(ids);
      if (this.thread !== undefined) this.thread = threads.reacted(this.thread, own);
      this.hooks.changed();
    } catch (error) {
      if (unknown(error)) this.#anonymous();
    }
  }
}
