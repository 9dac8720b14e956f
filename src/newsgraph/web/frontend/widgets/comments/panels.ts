/** What opens below a comment: a report to the moderators, or the question whether to delete it. */

import { button, h, say, show } from "../dom";
import { REASONS, type FlagReason } from "../model";
import type { Words } from "../words";

export interface Panel {
  readonly element: HTMLElement;
  focus(): void;
}

let made = 0;

/** `send` says what was wrong, in words, or nothing. */
export function reportPanel(
  words: Words,
  send: (reason: FlagReason, note: string) => Promise<string | undefined>,
  close: () => void,
): Panel {
  const name = `report-${++made}`;
  const reason = h(
    "select",
    { id: name, part: "reason", class: "field" },
    ...REASONS.map((one) => h("option", { value: one }, words.say(one))),
  );
  const note = h("textarea", { id: `${name}-note`, part: "field", class: "field", rows: 2, dir: "auto" });
  const error = h("p", { part: "error", class: "error", role: "alert", hidden: true });
  const element = h(
    "form",
    { part: "form", class: "form" },
    h("label", { for: name, class: "label" }, words.say("reportWhy")),
    reason,
    h("label", { for: `${name}-note`, class: "label" }, words.say("reportNote")),
    note,
    error,
    h(
      "div",
      { class: "row" },
      button("cancel", words.say("cancel"), close),
      h("button", { type: "submit", part: "submit", class: "submit" }, words.say("reportSend")),
    ),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(reason.value as FlagReason, note.value.trim()).then((wrong) => {
      say(error, wrong ?? "");
      show(error, wrong !== undefined);
    });
  });
  closedByEscape(element, close);
  return { element, focus: () => reason.focus() };
}

export function removePanel(words: Words, remove: () => void, close: () => void): Panel {
  const keep = button("cancel", words.say("keep"), close);
  const question = words.say("removeSure");
  const element = h(
    "div",
    { part: "form", class: "form", role: "group", "aria-label": question },
    h("p", {}, question),
    h("div", { class: "row" }, keep, button("danger", words.say("removeYes"), remove)),
  );
  closedByEscape(element, close);
  return { element, focus: () => keep.focus() };
}

function closedByEscape(element: HTMLElement, close: () => void): void {
  element.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
