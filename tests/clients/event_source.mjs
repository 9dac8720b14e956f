// It sends the last event's id by itself when it comes back, and waits for as long as the server has said.

import { EventSource } from "eventsource";
import { dropped, failed, query, take, url, variables } from "./shared.mjs";

const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
const source = new EventSource(`${url}?${parameters}`);

source.addEventListener("next", ({ data }) => take(JSON.parse(data)));
source.addEventListener("error", ({ message }) => dropped(message));
source.addEventListener("complete", () => failed("complete"));
