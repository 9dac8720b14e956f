/** A field to write a comment in, with its counter. Nothing that was typed is ever lost. */

import { button, h, say, set, show } from "../dom";
import { codePoints, normalised } from "../text";
import type { Words } from "../words";

const NEAR = 20; // code points before the limit at which a screen reader is told

export interface Purpose {
  readonly label: string;
  readonly submit: string;
  readonly text?: string;
  /** Bounds of the text, in code points: as they are now, for they may change while somebody writes. */
  limits(): { readonly minLength: number; readonly maxLength: number };
  /** What is wrong with it, in words, or nothing. */
  send(text: string): Promise<string | undefined>;
  cancel?(): void;
}

let made = 0;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #field: HTMLTextAreaElement;
  readonly #counter = h("span", { part: "counter", class: "counter" });
  readonly #near = h("span", { role: "status", class: "unseen" });
  readonly #error: HTMLParagraphElement;

  constructor(
    readonly purpose: Purpose,
    readonly words: Words,
  ) {
    const name = `field-${++made}`;
    this.#error = h("p", { id: `${name}-error`, part: "error", class: "error", role: "alert", hidden: true });
    this.#field = h("textarea", { id: name, part: "field", class: "field", rows: 3, dir: "auto", name: "comment" });
    this.#field.value = purpose.text ?? "";
    set(this.#counter, "id", `${name}-counter`);
    set(this.#field, "aria-describedby", `${name}-counter ${name}-error`);
    this.element = h("form", { part: "form", class: "form", novalidate: true });
    this.element.append(
      h("label", { for: name, part: "label", class: "label" }, purpose.label),
      this.#field,
      this.#error,
      h("div", { class: "row" }, this.#counter, this.#near, ...this.#buttons()),
    );
    this.#listen();
    this.count();
  }

  get text(): string {
    return this.#field.value;
  }

  focus(): void {
    this.#field.focus();
  }

  /** Puts a text back that could not be sent, before what was typed since. */
  restore(text: string, error?: string): void {
    const since = this.#field.value;
    this.#field.value = since === "" || since === text ? text : `${text}\n${since}`;
    this.count();
    this.fail(error);
    this.focus();
  }

  fail(error: string | undefined): void {
    say(this.#error, error ?? "");
    show(this.#error, error !== undefined);
    set(this.#field, "aria-invalid", error === undefined ? null : "true");
  }

  count(): void {
    const { maxLength: max } = this.purpose.limits();
    const length = codePoints(normalised(this.#field.value));
    const over = length > max;
    say(this.#counter, over ? this.words.say("over", { n: length - max }) : this.words.say("used", { n: length, max }));
    this.#counter.classList.toggle("wrong", over);
    say(this.#near, over || max - length > NEAR || length === 0 ? "" : this.words.say("left", { n: max - length }));
    if (over) say(this.#near, this.#counter.textContent ?? "");
  }

  #buttons(): HTMLButtonElement[] {
    const { cancel } = this.purpose;
    const submit = h("button", { type: "submit", part: "submit", class: "submit" }, this.purpose.submit);
    return cancel === undefined ? [submit] : [button("cancel", this.words.say("cancel"), cancel), submit];
  }

  #listen(): void {
    this.#field.addEventListener("input", () => {
      this.fail(undefined);
      this.count();
    });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
      if (event.key === "Escape" && this.purpose.cancel) this.purpose.cancel();
    });
  }

  async #submit(): Promise<void> {
    const text = this.#field.value;
    const wrong = this.#wrong(codePoints(normalised(text)));
    if (wrong !== undefined) {
      this.fail(wrong);
      this.focus();
      return;
    }
    this.#field.value = "";
    this.count();
    const error = await this.purpose.send(text);
    if (error !== undefined) this.restore(text, error);
  }

  #wrong(length: number): string | undefined {
    const { minLength, maxLength } = this.purpose.limits();
    if (length === 0) return this.words.say("BODY_EMPTY");
    if (length < minLength) return this.words.say("BODY_TOO_SHORT", { limit: minLength });
    if (length > maxLength) return this.words.say("BODY_TOO_LONG", { limit: maxLength });
    return undefined;
  }
}
