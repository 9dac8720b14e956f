/** Queries and mutations: GraphQL over HTTP, by POST. */

export type Variables = Readonly<Record<string, unknown>>;

/** Nobody was there, or what answered was no newsgraph: worth another try. */
export class Unreachable extends Error {}

/** The server has answered that it would not, with a code of docs/errors.md. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAt?: string,
  ) {
    super(message);
  }
}

interface Answer<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Extensions }[];
}

interface Extensions {
  readonly code?: string;
  readonly retryAt?: string;
}

const PATIENCE = 15_000; // ms; the server gives an operation up after 10 s (operation_timeout)

/** The data of an operation. Errors: Unreachable, Refused. */
export async function request<T>(
  endpoint: string,
  query: string,
  variables: Variables,
  token: string | null = null,
): Promise<T> {
  const answer = await answered<T>(endpoint, query, variables, token);
  const [error] = answer.errors ?? [];
  if (error !== undefined) {
    const { code = "INTERNAL", retryAt } = error.extensions ?? {};
    throw new Refused(code, error.message, retryAt);
  }
  if (answer.data == null) throw new Unreachable("an answer without data");
  return answer.data;
}

async function answered<T>(
  endpoint: string,
  query: string,
  variables: Variables,
  token: string | null,
): Promise<Answer<T>> {
  const headers = { "content-type": "application/json", accept: "application/json", ...bearer(token) };
  const body = JSON.stringify({ query, variables });
  try {
    // A page of another site speaks for nobody unless it has a token: no cookie ever goes along.
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(endpoint, { method: "POST", headers, body, signal, credentials: "omit" });
    return (await response.json()) as Answer<T>;
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

function bearer(token: string | null): Readonly<Record<string, string>> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
