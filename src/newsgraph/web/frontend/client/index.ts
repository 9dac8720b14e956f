// newsgraph-client: what is shown, and the events of its stream, folded together. Pure functions; nothing is changed in
// place, and where an event changes nothing the very same object comes back, so that `===` says whether to draw anew.

export { foldComments } from "./comments.ts";
export type {
  CommentAdded,
  CommentChanged,
  CommentConnection,
  CommentEdge,
  CommentEvent,
  CommentNode,
  CommentOrder,
  CommentPage,
  CommentRemoved,
  FoldOptions,
} from "./comments.ts";
export { foldList } from "./lists.ts";
export type { RankedEdge, RankedList, RankedListChanged, RankedListEvent } from "./lists.ts";
export { begin, fold, refetched } from "./live.ts";
export type { Fold, Live, ResetReason, StreamReady, StreamReset } from "./live.ts";
