// Relay: what its compiler has made of relay/thread.js, with the events' edges put in and taken out by its directives.

import relay from "relay-runtime";
import commentFragment from "./relay/__generated__/thread_comment.graphql.js";
import commentsFragment from "./relay/__generated__/thread_comments.graphql.js";
import live from "./relay/__generated__/threadLiveSubscription.graphql.js";
import post from "./relay/__generated__/threadPostMutation.graphql.js";
import query from "./relay/__generated__/threadQuery.graphql.js";
import { told } from "./page.mjs";
import { failed, say, token, url, variables } from "./shared.mjs";
import { client as socket } from "./sockets.mjs";

const { articleId, after } = variables;
const { ConnectionHandler, Environment, Network, Observable, RecordSource, Store } = relay;

async function send({ text }, variables) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) });
  return answer.json();
}

const listen = ({ text }, variables) =>
  Observable.create((sink) => socket.subscribe({ query: text, variables }, sink));

const environment = new Environment({
  network: Network.create(send, listen),
  store: new Store(new RecordSource()),
});
const connections = [ConnectionHandler.getConnectionID(articleId, "thread_comments")];

const ask = () => relay.fetchQuery(environment, query, { articleId }).toPromise();
const data = await ask();
const fragment = relay.getSingularSelector(commentsFragment, data.node.thread_comments);

function show({ data: { commentCount, comments } }) {
  const bodies = comments.edges.map(
    ({ node }) => environment.lookup(relay.getSingularSelector(commentFragment, node)).data.body,
  );
  say({ page: { count: commentCount, bodies } });
}

environment.retain(relay.createOperationDescriptor(relay.getRequest(query), { articleId }));
const first = environment.lookup(fragment);
environment.subscribe(first, show);
show(first);

/** The edges are the directives' work; the article's count is what the event says. */
function updater(store) {
  const count = store.getRootField("commentEvents")?.getValue("commentCount");
  if (count != null) store.get(articleId)?.setValue(count, "commentCount");
}

relay.requestSubscription(environment, {
  subscription: live,
  variables: { articleId, after, connections },
  updater,
  async onNext({ commentEvents: event }) {
    if (event.__typename === "StreamReset") {
      await ask();
      say({ refetched: event.reason });
    }
    show(environment.lookup(fragment)); // a comment may have changed, which the page's own fragment does not hear of
  },
  onError: failed,
});

told((body) =>
  relay.commitMutation(environment, {
    mutation: post,
    variables: { input: { articleId, body }, connections },
    onError: failed,
  }),
);
