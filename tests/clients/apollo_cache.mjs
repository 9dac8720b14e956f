// Apollo Client: its cache shows the page, and newsgraph-client folds each event into it.

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { foldComments } from "./newsgraph-client.js";
import { live, page, post, shown, told } from "./page.mjs";
import { failed, say, token, url, variables } from "./shared.mjs";
import { client as socket } from "./sockets.mjs";

const { articleId } = variables;
const query = gql(page);
const http = new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } });
const link = ApolloLink.split(
  ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
  new GraphQLWsLink(socket),
  http,
);
const cache = new InMemoryCache({ possibleTypes: { Node: ["Article", "Comment", "Commenter"] } });
const client = new ApolloClient({ link, cache });

client.watchQuery({ query, variables: { articleId } }).subscribe({
  next: ({ data, dataState }) => dataState === "complete" && shown(data.node),
  error: failed,
});

client.subscribe({ query: gql(live), variables, fetchPolicy: "no-cache" }).subscribe({
  async next({ data }) {
    const event = data.commentEvents;
    if (event.__typename === "StreamReset") {
      await client.query({ query, variables: { articleId }, fetchPolicy: "network-only" });
      say({ refetched: event.reason });
    }
    cache.updateQuery({ query, variables: { articleId } }, (data) => data && { node: foldComments(data.node, event) });
  },
  error: failed,
});

told((body) => client.mutate({ mutation: gql(post), variables: { input: { articleId, body } } }).catch(failed));
