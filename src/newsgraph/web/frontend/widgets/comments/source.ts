/** What a discussion asks the server, each question by its name. Keeps nothing. */

import type { Credentials } from "../credentials";
import * as documents from "../documents";
import type { Card, Id, Order, Page, Policy, ReactionKind, Standing, UserError, Viewer } from "../model";
import { Refused, request, type Variables } from "../transport/requests";

const MOST = 100; // page_maximum
const OPENED = 10; // branches in one answer: more would cost more than may be asked for (cost_maximum)

/** The beginning of a discussion, or the page with one comment on. */
export interface Beginning {
  readonly commentCount: number;
  readonly commentPolicy: Policy;
  readonly comments: Page;
}

/** Who asks, and what they may do here. */
export interface Known {
  readonly viewer: Viewer | null;
  readonly node: { readonly commentPolicy: Standing } | null;
}

export interface Payload {
  readonly userErrors: readonly UserError[];
  readonly comment?: (Card & { readonly status?: string }) | null;
}

export interface Posted extends Payload {
  readonly commentEdge: { readonly node: Card } | null;
}

/** Errors of all of them: Unreachable, Refused. */
export class Source {
  constructor(
    readonly endpoint: string,
    readonly article: Id,
    public credentials: Credentials,
  ) {}

  // For everybody: without the token, though there may be one, so that the server has the answer at hand.

  async beginning(order: Order, first: number, focus?: Id): Promise<Beginning | undefined> {
    const variables = { article: this.article, first: Math.min(first, MOST), orderBy: order, focus: focus ?? null };
    const { node } = await this.#read<{ node: Beginning | null }>(documents.THREAD, variables);
    return node?.comments === undefined ? undefined : node;
  }

  async page(order: Order, first: number, after: string | null): Promise<Page | undefined> {
    const variables = { article: this.article, first: Math.min(first, MOST), after, orderBy: order };
    return (await this.#read<{ node: Beginning | null }>(documents.THREAD, variables)).node?.comments;
  }

  async replies(id: Id, first: number, after: string | null): Promise<Page | undefined> {
    const found = await this.#read<{ node: { replies: Page } | null }>(documents.REPLIES_OF, { id, first, after });
    return found.node?.replies;
  }

  /** The replies to several comments, up to fifty of each. */
  async opened(ids: readonly Id[]): Promise<ReadonlyMap<Id, Page>> {
    if (ids.length === 0) return new Map();
    type Answer = { nodes: ({ id: Id; replies: Page } | null)[] };
    const { nodes } = await this.#read<Answer>(documents.OPENED, { ids: ids.slice(0, OPENED) });
    return new Map(nodes.filter((one) => one !== null).map(({ id, replies }) => [id, replies]));
  }

  #read<T>(query: string, variables: Variables): Promise<T> {
    return request<T>(this.endpoint, query, variables);
  }

  // For the viewer alone

  known(): Promise<Known> {
    return this.#ask(documents.VIEWER, { article: this.article });
  }

  async reactions(ids: readonly Id[]): Promise<ReadonlyMap<Id, ReactionKind | null>> {
    type Answer = { nodes: ({ id: Id; viewerReaction: ReactionKind | null } | null)[] };
    const { nodes } = await this.#ask<Answer>(documents.VIEWER_REACTIONS, { ids: ids.slice(0, MOST) });
    return new Map(nodes.filter((one) => one !== null).map(({ id, viewerReaction }) => [id, viewerReaction]));
  }

  async post(parentId: Id | null, body: string, key: string): Promise<Posted> {
    const input = { articleId: this.article, parentId, body, clientMutationId: key };
    return (await this.#ask<{ postComment: Posted }>(documents.POST, { input })).postComment;
  }

  async change(query: string, input: Variables): Promise<Payload> {
    const data = await this.#ask<Record<string, Payload>>(query, { input: { ...input, clientMutationId: newKey() } });
    return Object.values(data)[0] as Payload;
  }

  /** A token that is refused is asked for anew, once. */
  async #ask<T>(query: string, variables: Variables): Promise<T> {
    try {
      return await request<T>(this.endpoint, query, variables, await this.credentials.token());
    } catch (error) {
      if (!unknown(error)) throw error;
      return request<T>(this.endpoint, query, variables, await this.credentials.renew());
    }
  }
}

/** Whether the server does not know who this is, or not any more. */
export function unknown(error: unknown): boolean {
  return error instanceof Refused && error.code === "UNAUTHENTICATED";
}

/** Of 128 random bits. crypto.randomUUID is there for https only, and a newsroom is tried without first. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(16).padStart(8, "0")).join("");
}

/** What went wrong, as if the payload had said so. */
export function problemOf(error: unknown): UserError {
  if (error instanceof Refused) return { code: error.code, message: error.message, retryAt: error.retryAt ?? null };
  return { code: "UNAVAILABLE", message: String(error) };
}
