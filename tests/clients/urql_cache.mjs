// urql with its normalised cache: newsgraph-client folds each event into the page.

import { readFileSync } from "node:fs";
import { cacheExchange } from "@urql/exchange-graphcache";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { buildSchema, introspectionFromSchema } from "graphql";
import { foldComments } from "./newsgraph-client.js";
import { live, page, post, shown, told } from "./page.mjs";
import { failed, say, token, url, variables } from "./shared.mjs";
import { client as socket } from "./sockets.mjs";

const { articleId } = variables;

// With the schema it knows what is a StreamEvent; without it guesses.
const schema = introspectionFromSchema(buildSchema(readFileSync(new URL("newsgraph.graphql", import.meta.url), "utf8")), { descriptions: false });

const updates = {
  Subscription: {
    commentEvents({ commentEvents: event }, _args, cache) {
      const fold = (data) => data && { ...data, node: foldComments(data.node, event) };
      cache.updateQuery({ query: page, variables: { articleId } }, fold);
    },
  },
};

const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  exchanges: [
    cacheExchange({ schema, updates }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
      }),
    }),
  ],
});

client.query(page, { articleId }).subscribe(({ data, error }) => (error ? failed(error) : shown(data.node)));

client.subscription(live, variables).subscribe(async ({ data, error }) => {
  if (error) return failed(error);
  if (data.commentEvents.__typename !== "StreamReset") return;
  await client.query(page, { articleId }, { requestPolicy: "network-only" }).toPromise();
  say({ refetched: data.commentEvents.reason });
});

told(async (body) => {
  const { error } = await client.mutation(post, { input: { articleId, body } }).toPromise();
  if (error) failed(error);
});
