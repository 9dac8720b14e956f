// The moderators' desk: queues that move by themselves, decisions by keyboard. Without it the page is forms.

import { follow } from "./live.js";
import { refresh, swap } from "./swap.js";
import { token } from "./site.js";

const QUEUES = `subscription ($after: StreamCursor) {
  moderationEvents(after: $after) { __typename ... on StreamEvent { cursor } }
}`;
const SAID = { PUBLISHED: "Approved", REJECTED: "Rejected", WITHHELD: "Withheld" };

document.documentElement.classList.add("lively");

const status = document.getElementById("live");
const cards = () => [...document.querySelectorAll(".card")];
const current = () => document.activeElement?.closest?.(".card");

function focus(card) {
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = cards();
  const at = all.indexOf(current());
  focus(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
}

// The next card has the focus once the decided one is gone.
async function decide(form, button) {
  const all = cards();
  const at = all.indexOf(form.closest(".card"));
  const next = (all[at + 1] ?? all[at - 1])?.id;
  form.querySelectorAll("button").forEach((one) => one.setAttribute("aria-disabled", "true"));
  const fresh = await swap(form, button);
  if (!fresh) return;
  status.textContent = fresh.querySelector(".problem") ? fresh.querySelector(".problem").textContent : (SAID[button.value] ?? fresh.querySelector(".notice")?.textContent.trim() ?? "Done");
  if (at >= 0) focus(document.getElementById(all[at].id) ?? document.getElementById(next));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !form.closest("[data-swap]") || !event.submitter) return;
  event.preventDefault();
  if (event.submitter.getAttribute("aria-disabled") !== "true") decide(form, event.submitter).catch(lost);
});

document.addEventListener("keydown", (event) => {
  if (off() || event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (/^[123]$/.test(key)) document.querySelectorAll(".tabs a")[Number(key) - 1]?.click();
  else {
    const place = key === "u" ? document.querySelector("form.notice") : current();
    const button = place?.querySelector(`button[data-key="${CSS.escape(key)}"]`);
    if (!button) return;
    button.click();
  }
  event.preventDefault();
});

// Whoever speaks to their computer would press keys unawares (WCAG 2.2, 2.1.4).
const keys = document.getElementById("keys");
const off = () => localStorage.getItem("newsgraph-keys") === "off";

function tellKeys() {
  keys.setAttribute("aria-pressed", String(off()));
  keys.textContent = off() ? "Turn keys on" : "Turn keys off";
}

keys.addEventListener("click", () => {
  localStorage.setItem("newsgraph-keys", off() ? "on" : "off");
  tellKeys();
});
tellKeys();

function lost() {
  status.textContent = "The connection is lost. Nothing is decided until it is back.";
}

follow({
  query: QUEUES,
  field: "moderationEvents",
  variables: { after: document.querySelector("[data-swap]").dataset.cursor },
  token,
  happen: refresh,
  tell: (state) => (state === "live" ? (status.textContent = "Live") : lost()),
});
