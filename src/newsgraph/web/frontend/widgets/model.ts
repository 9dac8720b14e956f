/** What the server sends, as far as the widgets ask for it (documents.ts). */

export type Id = string;
export type Order = "NEWEST" | "OLDEST" | "MOST_REPLIED" | "MOST_REACTED";
export type ReactionKind = "LIKE" | "INSIGHTFUL" | "DISAGREE";
export type FlagReason = "OFFENSIVE" | "ABUSIVE" | "SPAM" | "ILLEGAL" | "OTHER";

export const ORDERS: readonly Order[] = ["NEWEST", "OLDEST", "MOST_REPLIED", "MOST_REACTED"];
export const REACTIONS: readonly ReactionKind[] = ["LIKE", "INSIGHTFUL", "DISAGREE"];
export const REASONS: readonly FlagReason[] = ["OFFENSIVE", "ABUSIVE", "SPAM", "ILLEGAL", "OTHER"];

export interface Author {
  readonly id: Id;
  readonly name: string;
  readonly badges: readonly string[];
}

/** A comment. A tombstone has neither body nor author. */
export interface Card {
  readonly id: Id;
  readonly body: string | null;
  readonly author: Author | null;
  readonly createdAt: string;
  readonly editedAt: string | null;
  readonly editableUntil: string | null;
  readonly depth: number;
  readonly replyCount: number;
  readonly permalink: string;
  readonly featured: boolean;
  readonly parent: { readonly id: Id; readonly replyCount?: number } | null;
  readonly reactions: readonly { readonly kind: ReactionKind; readonly count: number }[];
  /** Only asked for when somebody is signed in, and never by a stream: it is the same for everybody. */
  readonly viewerReaction?: ReactionKind | null;
  readonly replies?: Page;
  /** Where the list goes on after it, if that is known. */
  readonly cursor?: string;
}

export interface Page {
  readonly edges: readonly { readonly cursor?: string; readonly node: Card }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly liveCursor?: string;
}

export interface Policy {
  readonly open: boolean;
  readonly closesAt: string | null;
  readonly mode: "PRE" | "POST";
  readonly minLength: number;
  readonly maxLength: number;
  readonly maxDepth: number;
}

/** What only the viewer is told. */
export interface Standing {
  readonly viewerMayPost: boolean;
  readonly viewerWaitUntil: string | null;
}

export interface Viewer {
  readonly name: string;
  readonly commenter: { readonly id: Id };
  readonly pendingComments: Page;
}

export interface UserError {
  readonly code: string;
  readonly message: string;
  readonly limit?: number | null;
  readonly actual?: number | null;
  readonly retryAt?: string | null;
}

interface StreamEvent {
  readonly cursor: string;
}

export type CommentEvent = StreamEvent &
  (
    | { readonly __typename: "StreamReady" | "StreamReset" }
    | {
        readonly __typename: "CommentAdded";
        readonly commentCount: number;
        readonly commentEdge: { readonly cursor?: string; readonly node: Card };
      }
    | { readonly __typename: "CommentChanged"; readonly comment: Card }
    | {
        readonly __typename: "CommentRemoved";
        readonly removedCommentId: Id;
        readonly parentId: Id | null;
        readonly commentCount: number;
      }
  );

export type ArticleEvent = StreamEvent &
  (
    | { readonly __typename: "StreamReady" | "StreamReset" | "ArticleRetracted" }
    | { readonly __typename: "ArticleChanged"; readonly article: { readonly commentCount: number; readonly commentPolicy: Policy } }
  );

export interface Ranked {
  readonly key: string;
  readonly title: string;
  readonly kind: string;
  readonly version: string;
  readonly section: { readonly slug: string } | null;
  readonly items: {
    readonly edges: readonly {
      readonly rank: number;
      readonly label: string;
      readonly node: { readonly id: Id; readonly url: string; readonly headline: string; readonly publishedAt: string | null };
    }[];
  };
}

export type ListEvent = StreamEvent &
  ({ readonly __typename: "StreamReady" | "StreamReset" } | { readonly __typename: "RankedListChanged"; readonly list: Ranked });
