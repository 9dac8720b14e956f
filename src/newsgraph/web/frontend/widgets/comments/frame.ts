/** What stands around the list of comments. */

import { button, h } from "../dom";
import { ORDERS, type Order } from "../model";
import type { Words } from "../words";
import type { Branch } from "./views";

/** Everything inside the widget that is kept up. */
export interface Frame {
  readonly section: HTMLElement;
  readonly count: HTMLElement;
  readonly order: HTMLSelectElement;
  readonly notice: HTMLElement;
  readonly line: HTMLElement;
  readonly place: HTMLElement;
  readonly arrivals: HTMLButtonElement;
  readonly all: HTMLButtonElement;
  readonly branch: Branch;
  readonly more: HTMLButtonElement;
  readonly empty: HTMLElement;
}

/** What its controls do. */
export interface Acts {
  order(order: Order): void;
  all(): void;
  arrivals(): void;
  more(): void;
}

export function framed(words: Words, branch: Branch, acts: Acts): Frame {
  const count = h("span", { part: "count", class: "count" });
  const order = h(
    "select",
    { part: "order", class: "field" },
    ...ORDERS.map((one) => h("option", { value: one }, words.say(one))),
  );
  order.addEventListener("change", () => acts.order(order.value as Order));
  const sort = h("label", { class: "sort" }, h("span", {}, words.say("sortBy")), order);
  const title = h("h2", { id: "title", part: "heading", class: "title" }, h("span", {}, words.say("comments")), " ", count);
  const frame: Frame = {
    section: h("section", { "aria-labelledby": "title", part: "root", class: "root", tabindex: -1 }),
    count,
    order,
    notice: h("p", { part: "notice", class: "notice", hidden: true }),
    line: h("p", { part: "line", class: "notice line", role: "status", hidden: true }),
    place: h("div", { class: "place" }),
    arrivals: button("arrivals", "", acts.arrivals),
    all: button("more", words.say("allComments"), acts.all),
    branch,
    more: button("more", words.say("moreComments"), acts.more),
    empty: h("p", { part: "empty", class: "empty", hidden: true }),
  };
  const { section, notice, line, place, arrivals, all, more, empty } = frame;
  const head = h("header", { class: "head" }, title, sort);
  section.append(head, notice, place, line, all, arrivals, branch.element, more, empty);
  return frame;
}
