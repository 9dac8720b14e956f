import { createClient } from "graphql-sse";
import { dropped, failed, query, sleep, takeAndGoOn, url, variables } from "./shared.mjs";

const client = createClient({
  url,
  retryAttempts: Infinity,
  retry: () => sleep(100),
  on: { connecting: (again) => again && dropped("") },
});

client.subscribe({ query, variables }, { next: takeAndGoOn, error: failed, complete: () => failed("complete") });
