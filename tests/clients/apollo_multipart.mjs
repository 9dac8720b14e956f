import { HttpLink } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { subscribe } from "./apollo.mjs";
import { dropped, url } from "./shared.mjs";

// Left to itself it gives up after five attempts, and counts on after those that succeeded.
function attempts(count, operation, error) {
  dropped(error);
  return true;
}

const delay = (count, operation, error) => error.errors?.[0].extensions.retryAfter ?? 100;

subscribe(new RetryLink({ attempts, delay }).concat(new HttpLink({ uri: url })));
