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
  type Page,
  type Policy,
  type ReactionKind,
  type Standing,
  type UserError,
  type Viewer,
} from "../model";
import { normalised } from "../text";
import * as threads from "../thread";
import { ROOT, type Thread } from "../thread";
import { lineTo, type Line, type LineState } from "../transport/line";
import { Refused, request, Unreachable, type Variables } from "../transport/requests";
import { follow } from "../transport/stream";

const PAGE = 20;
const MOST = 100; // page_maximum
const PAGES = 3; // that are fetched anew at most
const OPENED = 10; // branches that are fetched anew with their thread
const TRY_AGAIN = 5_000; // ms between two tries to send what could not be sent
const DAY = 86_400_000;
const PASSING = ["UNAVAILABLE", "OPERATION_TIMED_OUT"];

/** A comment on its way. `unsent`: nobody knows whether it has arrived; its key makes a second try safe. */
export interface Draft {
  readonly key: string;
  readonly parentId: Id | null;
  readonly body: string;
  readonly state: "sending" | "unsent";
}

export interface Hooks {
  /** Something is to be shown otherwise. */
  changed(): void;
  /** A comment came, or was the viewer's own. */
  added(card: Card, own: boolean): void;
}

interface ThreadAnswer {
  readonly node: { readonly commentCount: number; readonly commentPolicy: Policy; readonly comments: Page } | null;
}

/** A thread as it was read, and where in the log that was. */
interface Read {
  readonly thread: Thread;
  readonly policy: Policy;
  readonly cursor: string | undefined;
}

interface Payload {
  readonly userErrors: readonly UserError[];
  readonly comment?: (Card & { readonly status?: string }) | null;
}

export class Discussion {
  thread: Thread | undefined;
  policy: Policy | undefined;
  standing: Standing | undefined;
  viewer: Viewer | undefined;
  drafts: readonly Draft[] = [];
  /** What the viewer has written and a moderator has not read yet. */
  held: readonly Card[] = [];
  problem: "missing" | "failed" | undefined;
  order: Order = "NEWEST";
  /** The comment at which the page begins, if it does not begin at its beginning. */
  focus: Id | undefined;
  readonly #line: Line;
  #stops: (() => void)[] = [];
  #resend: ReturnType<typeof setTimeout> | undefined;
  #wait: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  #known: Promise<void> | undefined;

  constructor(
    readonly endpoint: string,
    readonly article: Id,
    public credentials: Credentials,
    readonly hooks: Hooks,
  ) {
    this.#line = lineTo(endpoint);
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
    void this.#ownReactions([...first.thread.cards.keys()]).catch(() => undefined);
  }

  /** Who the viewer is, what they may do, and what of theirs is held. */
  identify(): Promise<void> {
    this.#known = this.#identify();
    return this.#known;
  }

  async #identify(): Promise<void> {
    const token = await this.credentials.token();
    if (token === null) return this.#anonymous();
    type Answer = { viewer: Viewer | null; node: { commentPolicy: Standing } | null };
    try {
      const found = await this.#ask<Answer>(documents.VIEWER, { article: this.article });
      if (found.viewer === null) return this.#anonymous();
      this.viewer = found.viewer;
      this.standing = found.node?.commentPolicy;
      this.held = found.viewer.pendingComments.edges.map(({ node }) => node);
      this.hooks.changed();
      this.#until(this.standing?.viewerWaitUntil);
      await this.#ownReactions([...(this.thread?.cards.keys() ?? [])]);
    } catch {
      if (this.viewer === undefined) this.#anonymous();
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
    this.hooks.changed();
  }

  /** The next page of the top level, or of the replies to a comment. */
  async more(parent: Id): Promise<void> {
    if (this.thread === undefined) return;
    const { after } = threads.branchOf(this.thread, parent);
    const page = parent === ROOT ? await this.#nextPage(after) : await this.#replies(parent, after);
    if (page === undefined) return;
    const before = this.thread.cards;
    this.thread = threads.extend(this.thread, parent, page);
    this.hooks.changed();
    void this.#ownReactions([...this.thread.cards.keys()].filter((id) => !before.has(id)));
  }

  async #nextPage(after: string | null, first = PAGE): Promise<Page | undefined> {
    const variables = { article: this.article, first, after, orderBy: this.order };
    const { node } = await request<ThreadAnswer>(this.endpoint, documents.THREAD, variables);
    return node?.comments;
  }

  async #replies(id: Id, after: string | null): Promise<Page | undefined> {
    type Answer = { node: { replies: Page } | null };
    const variables = { id, first: PAGE, after };
    return (await request<Answer>(this.endpoint, documents.REPLIES_OF, variables)).node?.replies;
  }

  async #fetch(order: Order, first: number, focus: Id | undefined): Promise<Read | undefined> {
    const variables = { article: this.article, first, orderBy: order, focus: focus ?? null };
    // Without the token, though there may be one: so it is the same answer for everybody, which the server has at hand.
    const { node } = await request<ThreadAnswer>(this.endpoint, documents.THREAD, variables);
    if (node?.comments === undefined) {
      this.problem = "missing";
      this.hooks.changed();
      return undefined;
    }
    const { comments, commentCount, commentPolicy } = node;
    const thread = threads.begin(order, commentCount, comments);
    return { thread, policy: commentPolicy, cursor: comments.liveCursor };
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
    clearTimeout(this.#resend);
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
    if (own) this.#arrived(card);
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
    const size = Math.min(MOST, Math.max(PAGE, shown));
    const fresh = await this.#fetch(this.order, size, this.focus).catch((error: unknown) => this.#lost(error, size));
    if (fresh === undefined) return undefined;
    const whole = await this.#further(fresh.thread, shown);
    const thread = old === undefined ? whole : threads.renewed(old, whole, await this.#opened(old));
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
      const page = await this.#nextPage(after, MOST);
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

  async #opened(old: Thread): Promise<ReadonlyMap<Id, Page>> {
    const ids = [...old.branches].filter(([id, { ids }]) => id !== ROOT && opened(old, id, ids)).map(([id]) => id);
    if (ids.length === 0) return new Map();
    type Answer = { nodes: ({ id: Id; replies: Page } | null)[] };
    const { nodes } = await request<Answer>(this.endpoint, documents.OPENED, { ids: ids.slice(0, OPENED) });
    return new Map(nodes.filter((one) => one !== null).map(({ id, replies }) => [id, replies]));
  }

  /** Shows what waited. */
  reveal(): void {
    if (this.thread === undefined) return;
    this.thread = threads.reveal(this.thread);
    this.hooks.changed();
  }

  // Taking part. Each returns what was wrong, if anything was.

  /** Shows the comment at once, and sends it, as often as it takes. */
  async post(parentId: Id | null, body: string): Promise<UserError | undefined> {
    const draft: Draft = { key: newKey(), parentId, body, state: "sending" };
    this.#draft(draft);
    return this.#send(draft);
  }

  /** Sends once more what could not be sent. */
  async resend(): Promise<void> {
    const unsent = this.drafts.filter(({ state }) => state === "unsent");
    for (const draft of unsent) {
      const again: Draft = { ...draft, state: "sending" };
      this.#draft(again);
      await this.#send(again);
    }
  }

  /** Gives a draft's text back to its author. */
  withdraw(key: string): Draft | undefined {
    const found = this.drafts.find((draft) => draft.key === key);
    this.#forget(key);
    return found;
  }

  async #send(draft: Draft): Promise<UserError | undefined> {
    const { key, parentId, body } = draft;
    const input = { articleId: this.article, parentId, body, clientMutationId: key };
    type Answer = { postComment: Payload & { status: string | null; commentEdge: { node: Card } | null } };
    try {
      const { postComment } = await this.#ask<Answer>(documents.POST, { input });
      return await this.#sent(draft, postComment.commentEdge?.node, postComment.userErrors[0]);
    } catch (error) {
      if (!this.drafts.some((one) => one.key === key)) return undefined; // the stream has brought it meanwhile
      if (!later(error)) {
        this.#forget(key);
        return problemOf(error);
      }
      this.#draft({ ...draft, state: "unsent" });
      clearTimeout(this.#resend);
      this.#resend = setTimeout(() => void this.resend(), TRY_AGAIN);
      return undefined;
    }
  }

  async #sent(draft: Draft, card: Card | undefined, error: UserError | undefined): Promise<UserError | undefined> {
    this.#forget(draft.key);
    if (error !== undefined) {
      void this.identify(); // it may be that they may not post any more
      return error;
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

  /** The viewer's own comment came by the stream, perhaps before the answer to the request that posted it. */
  #arrived(card: Card): void {
    if (this.thread === undefined) return;
    this.thread = threads.insert(this.thread, card);
    const parentId = card.parent?.id ?? null;
    const same = (one: Draft): boolean => one.parentId === parentId && normalised(one.body) === card.body;
    const draft = this.drafts.find(same);
    if (draft !== undefined) this.#forget(draft.key);
  }

  #draft(draft: Draft): void {
    const others = this.drafts.filter(({ key }) => key !== draft.key);
    this.drafts = [draft, ...others];
    this.hooks.changed();
  }

  #forget(key: string): void {
    this.drafts = this.drafts.filter((draft) => draft.key !== key);
    this.hooks.changed();
  }

  async edit(id: Id, body: string): Promise<UserError | undefined> {
    return this.#change("editComment", documents.EDIT, { id, body }, ({ comment }) => {
      if (comment?.status === "PUBLISHED") this.#update(comment);
      else void this.identify(); // with its new text it waits for a moderator
    });
  }

  async remove(id: Id): Promise<UserError | undefined> {
    return this.#change("removeComment", documents.REMOVE, { id }, () => {
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
    const error = await this.#change("reactToComment", documents.REACT, { id, kind }, ({ comment }) => {
      if (comment != null) this.#update(comment);
    });
    if (error !== undefined) this.#update(before);
    return error;
  }

  async flag(id: Id, reason: FlagReason, note: string): Promise<UserError | undefined> {
    return this.#change("flagComment", documents.FLAG, { id, reason, note: note || null }, () => undefined);
  }

  async #change(
    field: string,
    query: string,
    input: Variables,
    done: (payload: Payload) => void,
  ): Promise<UserError | undefined> {
    try {
      const data = await this.#ask<Record<string, Payload>>(query, { input: { ...input, clientMutationId: newKey() } });
      const payload = data[field] as Payload;
      if (payload.userErrors[0] !== undefined) return payload.userErrors[0];
      done(payload);
      this.hooks.changed();
      return undefined;
    } catch (error) {
      return problemOf(error);
    }
  }

  #update(card: Card): void {
    if (this.thread !== undefined) this.thread = threads.updated(this.thread, card);
    this.hooks.changed();
  }

  async #ownReactions(ids: readonly Id[]): Promise<void> {
    if (this.viewer === undefined || ids.length === 0) return;
    type Answer = { nodes: ({ id: Id; viewerReaction: ReactionKind | null } | null)[] };
    const { nodes } = await this.#ask<Answer>(documents.VIEWER_REACTIONS, { ids: ids.slice(0, MOST) });
    const own = new Map(nodes.filter((one) => one !== null).map(({ id, viewerReaction }) => [id, viewerReaction]));
    if (this.thread !== undefined) this.thread = threads.reacted(this.thread, own);
    this.hooks.changed();
  }

  /** With the viewer's token; one that is refused is asked for anew, once. */
  async #ask<T>(query: string, variables: Variables): Promise<T> {
    try {
      return await request<T>(this.endpoint, query, variables, await this.credentials.token());
    } catch (error) {
      if (!(error instanceof Refused && error.code === "UNAUTHENTICATED")) throw error;
    }
    try {
      return await request<T>(this.endpoint, query, variables, await this.credentials.renew());
    } catch (error) {
      if (error instanceof Refused && error.code === "UNAUTHENTICATED") this.#anonymous();
      throw error;
    }
  }
}

function opened(thread: Thread, id: Id, ids: readonly Id[]): boolean {
  return ids.length > 3 || (ids.length > 0 && (thread.cards.get(id)?.depth ?? 0) > 0);
}

function later(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && PASSING.includes(error.code));
}

function problemOf(error: unknown): UserError {
  if (error instanceof Refused) return { code: error.code, message: error.message, retryAt: error.retryAt ?? null };
  return { code: "UNAVAILABLE", message: String(error) };
}

/** Of 128 random bits. crypto.randomUUID is there for https only, and a newsroom is tried without first. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(16).padStart(8, "0")).join("");
}
