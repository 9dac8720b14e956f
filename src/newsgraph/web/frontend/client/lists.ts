// A ranked list and the events of its stream.

import type { StreamReady, StreamReset } from "./live.ts";

export interface RankedEdge {
  node: { id: string };
  rank?: number;
}

/** What `rankedList(key:)` answers, as far as it was asked for; more fields stay as they are. */
export interface RankedList<E extends RankedEdge = RankedEdge> {
  version?: string;
  items: { edges: readonly E[] };
}

/** Ask for the whole `list`, or for what has changed in it: then a list of a hundred costs what moved. */
export interface RankedListChanged<E extends RankedEdge = RankedEdge> {
  __typename: "RankedListChanged";
  cursor?: string;
  list?: { version?: string; items?: { edges: readonly E[] } };
  insertedEdges?: readonly E[];
  removedArticleIds?: readonly string[];
  orderedArticleIds?: readonly string[];
}

export type RankedListEvent<E extends RankedEdge = RankedEdge> = StreamReady | StreamReset | RankedListChanged<E>;

/** The list after this event. Ranks count from 1 again. */
export function foldList<E extends RankedEdge, L extends RankedList<E>>(list: L, event: RankedListEvent<E>): L {
  if (event.__typename !== "RankedListChanged") return list;
  if (event.list?.version !== undefined && event.list.version === list.version) return list;
  if (event.list?.items) return { ...list, ...event.list };
  const edges = ordered(known(list.items.edges, event), event.orderedArticleIds);
  return { ...list, ...event.list, items: { ...list.items, edges: edges.map(ranked) } };
}

/** Every edge that may be in the list now, by its article. */
function known<E extends RankedEdge>(edges: readonly E[], event: RankedListChanged<E>): Map<string, E> {
  const found = new Map(edges.map((edge) => [edge.node.id, edge]));
  for (const id of event.removedArticleIds ?? []) found.delete(id);
  for (const edge of event.insertedEdges ?? []) found.set(edge.node.id, edge);
  return found;
}

function ordered<E>(found: Map<string, E>, ids: readonly string[] | undefined): E[] {
  return ids === undefined ? [...found.values()] : ids.flatMap((id) => found.get(id) ?? []);
}

function ranked<E extends RankedEdge>(edge: E, place: number): E {
  return edge.rank === undefined || edge.rank === place + 1 ? edge : { ...edge, rank: place + 1 };
}
