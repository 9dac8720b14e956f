import { failed, query, takeAndGoOn, variables } from "./shared.mjs";
import { client } from "./sockets.mjs";

client.subscribe({ query, variables }, { next: takeAndGoOn, error: failed, complete: () => failed("complete") });
