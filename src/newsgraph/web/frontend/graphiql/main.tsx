// GraphiQL on this server: the page names the tabs, a link may bring a query: /graphql#query=...&variables=...

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher, type FetcherOpts, type FetcherParams } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import type {} from "monaco-editor"; // declares MonacoEnvironment
import { createRoot } from "react-dom/client";

import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";

interface Tab {
  query: string;
  variables: string;
  headers: string;
}

declare const WORKERS: Record<"editor" | "json" | "graphql", string>; // by build.mjs

// Monaco asks for the worker of a language; without one it would work on the page's own thread, after an error.
self.MonacoEnvironment = {
  getWorker(_module: string, language: string) {
    return new Worker(WORKERS[language as keyof typeof WORKERS] ?? WORKERS.editor, { type: "module" });
  },
};

const ENDPOINT = new URL("/graphql", location.href).href;

// The headers editor shows where a token goes; an entry that is not filled in is not sent.
const HEADERS = JSON.stringify({ Authorization: "Bearer " }, null, 2);

function filled(headers: Record<string, unknown> | undefined): Record<string, unknown> {
  const entries = Object.entries(headers ?? {});
  return Object.fromEntries(entries.filter(([, value]) => !/^\s*(Bearer)?\s*$/i.test(String(value))));
}

// Subscriptions carry the headers as connection parameters, so one token serves both.
const send = createGraphiQLFetcher({ url: ENDPOINT, subscriptionUrl: ENDPOINT.replace(/^http/, "ws") });
const fetcher = (request: FetcherParams, options?: FetcherOpts) =>
  send(request, { ...options, headers: filled(options?.headers) });

// Behind the #, since an address with ?query= is a request that is answered.
const asked = new URLSearchParams(location.hash.slice(1));

function tabs(): Tab[] {
  const given: Omit<Tab, "headers">[] = JSON.parse(document.getElementById("config")!.textContent!).tabs;
  if (asked.has("query")) given.unshift({ query: asked.get("query")!, variables: asked.get("variables") ?? "" });
  return given.map((tab) => ({ ...tab, headers: HEADERS }));
}

// Tabs that were open the last time come back by themselves. Otherwise the first one has to be named once more: of a
// default tab that is active at the start, GraphiQL takes the query alone.
function first({ query, variables, headers }: Tab) {
  const fresh = asked.has("query") || localStorage.getItem("graphiql:tabState") === null;
  return fresh ? { initialQuery: query, initialVariables: variables, initialHeaders: headers } : {};
}

const offered = tabs();

createRoot(document.getElementById("graphiql")!).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={offered}
    {...first(offered[0]!)}
    defaultHeaders={HEADERS}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation
    plugins={[HISTORY_PLUGIN, explorerPlugin()]}
  >
    <GraphiQL.Logo>newsgraph</GraphiQL.Logo>
  </GraphiQL>,
);
