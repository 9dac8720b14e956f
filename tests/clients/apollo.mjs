import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client";
import { tap } from "rxjs";
import { failed, query, take, variables } from "./shared.mjs";

// Apollo copies the variables; links below this one send the operation's, as they are then, when they try again.
const resuming = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      operation.variables.after = data?.commentEvents.cursor ?? operation.variables.after;
    }),
  ),
);

export function subscribe(link) {
  const client = new ApolloClient({ link: resuming.concat(link), cache: new InMemoryCache() });
  const results = client.subscribe({ query: gql(query), variables, fetchPolicy: "no-cache" });
  results.subscribe({
    next: ({ data, error }) => (error ? failed(error) : take({ data })),
    error: failed,
    complete: () => failed("complete"),
  });
}
