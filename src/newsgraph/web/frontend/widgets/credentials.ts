/** For whom a page speaks: a token, from wherever the page has it. */

export type TokenSource = () => string | null | undefined | Promise<string | null | undefined>;

export class Credentials {
  #known: Promise<string | null> | undefined;

  constructor(readonly source: TokenSource) {}

  /** The token, or null for nobody. A source that fails is nobody, too: reading needs no token. */
  token(): Promise<string | null> {
    this.#known ??= Promise.resolve()
      .then(this.source)
      .then((found) => found || null)
      .catch(() => null);
    return this.#known;
  }

  /** Asks the source anew: the token was refused. */
  renew(): Promise<string | null> {
    this.#known = undefined;
    return this.token();
  }
}

/** Asks an address of the page's own site, with its cookies, which answers `{"token": "..."}` or `{"token": null}`. */
export async function tokenFrom(address: string): Promise<string | null> {
  const response = await fetch(address, { headers: { accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) return null;
  const { token } = (await response.json()) as { token?: unknown };
  return typeof token === "string" ? token : null;
}
