// The audits of the npm package graphql-http: what a server of GraphQL over HTTP must, should and may do.

import { serverAudits } from "graphql-http";

import { say, url } from "./shared.mjs";

for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const { name, status, reason } = await audit.fn();
  say({ audit: { name, status, reason } });
}
say({ done: true });
