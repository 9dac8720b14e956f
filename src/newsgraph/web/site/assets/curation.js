// The editors' lists: rows that are dragged, and a page that follows what others do. Without it each row has buttons.

import { follow } from "./live.js";
import { hold, refresh, swap } from "./swap.js";
import { token } from "./site.js";

const LIST = `subscription ($key: String!, $after: StreamCursor) {
  rankedListEvents(key: $key, after: $after) { __typename ... on StreamEvent { cursor } ... on RankedListChanged { list { version } } }
}`;

const status = document.getElementById("live");
const place = () => document.querySelector("[data-swap]");
let held = null, release = () => {};

document.documentElement.classList.add("lively");

function happen(event) {
  if (event.list?.version !== place().dataset.version) refresh();
}

// The form says what is pinned and excluded; a row says what it is by the zone that it lies in.
function renumber() {
  for (const row of document.querySelectorAll(".zone li")) {
    const zone = row.closest(".zone").dataset.zone;
    row.querySelector("input[type=hidden]")?.remove();
    if (zone !== "pinned" && zone !== "excluded") continue;
    row.prepend(Object.assign(document.createElement("input"), { type: "hidden", name: zone, value: row.dataset.id }));
  }
}

async function save(form, button) {
  const fresh = await swap(form, button);
  if (!fresh) return;
  status.textContent = fresh.querySelector(".problem") ? "Not saved" : "Saved";
}

const failed = () => (status.textContent = "The connection is lost. Nothing was saved.");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !form.closest("[data-swap]")) return;
  event.preventDefault();
  save(form, event.submitter).catch(failed);
});

// Dragging

function clear() {
  document.querySelectorAll(".before, .over").forEach((one) => one.classList.remove("before", "over"));
}

// The row before which it would fall; null for the end.
function below(zone, y) {
  return [...zone.querySelectorAll("li:not(.held)")].find((row) => {
    const { top, height } = row.getBoundingClientRect();
    return y < top + height / 2;
  }) ?? null;
}

document.addEventListener("dragstart", (event) => {
  held = event.target.closest?.(".zone li");
  if (!held) return;
  release = hold();
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", held.dataset.id);
  held.classList.add("held");
});

document.addEventListener("dragover", (event) => {
  const zone = held && event.target.closest?.(".zone");
  if (!zone || zone.dataset.zone === "found") return;
  event.preventDefault();
  clear();
  zone.classList.add("over");
  below(zone, event.clientY)?.classList.add("before");
});

document.addEventListener("drop", (event) => {
  const zone = held && event.target.closest?.(".zone");
  if (!zone || zone.dataset.zone === "found") return;
  event.preventDefault();
  zone.querySelector("ol").insertBefore(held, below(zone, event.clientY));
  renumber();
  save(document.getElementById("choice"), null).catch(failed);
});

document.addEventListener("dragend", () => {
  held?.classList.remove("held");
  held = null;
  clear();
  release();
});

// The same by keyboard: Alt and an arrow, wherever in the row the focus is.
document.addEventListener("keydown", (event) => {
  if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const deed = event.key === "ArrowUp" ? "up" : "down";
  const button = event.target.closest?.("li")?.querySelector(`button[value^="${deed}:"]:enabled`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

follow({
  query: LIST,
  field: "rankedListEvents",
  variables: { key: place().dataset.key, after: null },
  token,
  happen,
  tell: (state) => (status.textContent = state === "live" ? "Live" : "The connection is lost."),
});
