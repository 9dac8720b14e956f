/** Comments on their way: shown at once, and sent as often as it takes. */

import type { Card, Id, UserError } from "../model";
import { normalised } from "../text";
import { Refused, Unreachable } from "../transport/requests";
import { newKey, type Posted, type Source } from "./source";

const AGAIN = 5_000; // ms between two tries
const PASSING = ["UNAVAILABLE", "OPERATION_TIMED_OUT"];

/** `unsent`: nobody knows whether it has arrived; its key makes a second try safe. */
export interface Draft {
  readonly key: string;
  readonly parentId: Id | null;
  readonly body: string;
  readonly state: "sending" | "unsent";
}

export class Outbox {
  drafts: readonly Draft[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `taken`: what the server has answered. `refused`: the request could not be served, for a reason that stays. */
  constructor(
    readonly source: Source,
    readonly changed: () => void,
    readonly taken: (posted: Posted) => Promise<UserError | undefined>,
    readonly refused: (error: unknown) => UserError,
  ) {}

  /** Returns what was wrong, if anything was. */
  post(parentId: Id | null, body: string): Promise<UserError | undefined> {
    return this.#send({ key: newKey(), parentId, body, state: "sending" });
  }

  /** Sends once more what could not be sent. */
  async resend(): Promise<void> {
    clearTimeout(this.#timer);
    for (const draft of this.drafts) if (draft.state === "unsent") await this.#send({ ...draft, state: "sending" });
  }

  /** The comment came by the stream, perhaps before the answer to the request that posted it. */
  arrived(card: Card): void {
    const parentId = card.parent?.id ?? null;
    const same = (one: Draft): boolean => one.parentId === parentId && normalised(one.body) === card.body;
    this.#forget(this.drafts.find(same)?.key);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #send(draft: Draft): Promise<UserError | undefined> {
    const { key, parentId, body } = draft;
    this.#put(draft);
    try {
      const posted = await this.source.post(parentId, body, key);
      this.#forget(key);
      return await this.taken(posted);
    } catch (error) {
      if (!this.drafts.some((one) => one.key === key)) return undefined; // the stream has brought it meanwhile
      if (later(error)) return this.#wait(draft);
      this.#forget(key);
      return this.refused(error);
    }
  }

  #wait(draft: Draft): undefined {
    this.#put({ ...draft, state: "unsent" });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.resend(), AGAIN);
    return undefined;
  }

  #put(draft: Draft): void {
    this.drafts = [draft, ...this.drafts.filter(({ key }) => key !== draft.key)];
    this.changed();
  }

  #forget(key: string | undefined): void {
    this.drafts = this.drafts.filter((draft) => draft.key !== key);
    this.changed();
  }
}

function later(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && PASSING.includes(error.code));
}
