// A graphql-ws client, with what those who stay for long should change about it.

import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { ask, dropped, signIn, sleep, stock, url } from "./shared.mjs";

let wait;

function closed({ code, reason }) {
  wait = Number(/retry in (\d+) ms/.exec(reason)?.[1] ?? 100);
  dropped(`${code} ${reason}`);
}

// Left to itself it gives up when a connection is refused, or fails five times; and knows nothing of the server's hint.
const patience = { retryAttempts: Infinity, shouldRetry: () => true, retryWait: () => sleep(wait) };

export const client = createClient({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: signIn && (async () => ({ authorization: `Bearer ${await ask("token")}` })),
  on: { closed },
  ...(stock ? {} : patience),
});
