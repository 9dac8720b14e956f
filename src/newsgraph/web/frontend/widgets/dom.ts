/** Making and keeping up elements. Text is always set as text: nothing that anybody wrote becomes markup. */

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An element with attributes (false, null and undefined: without) and children; strings become text. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children);
  return element;
}

/** An attribute; nothing is done when it has that value already. */
export function set(element: Element, name: string, value: Attributes[string]): void {
  const text = value === false || value == null ? null : value === true ? "" : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/** An element's text; nothing is done when it says that already, so that a selection in it stays. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

/** A button that does something. */
export function button(part: string, text: string, act: () => void): HTMLButtonElement {
  const made = h("button", { type: "button", part, class: part }, text);
  made.addEventListener("click", act);
  return made;
}

/** An element for each key, in order; those that stay are moved only when they must be, so that focus stays. */
export class Keyed<K, V extends { readonly element: Element }> {
  readonly views = new Map<K, V>();

  constructor(readonly parent: Element) {}

  /** `make`: for a key that is new. Returns the views that went. */
  arrange(keys: readonly K[], make: (key: K) => V): V[] {
    const wanted = new Set(keys);
    const gone = [...this.views].filter(([key]) => !wanted.has(key));
    for (const [key, view] of gone) {
      view.element.remove();
      this.views.delete(key);
    }
    let next: Element | null = null;
    for (const key of [...keys].reverse()) {
      const view = this.views.get(key) ?? make(key);
      this.views.set(key, view);
      if (view.element.parentNode !== this.parent || view.element.nextElementSibling !== next) {
        this.parent.insertBefore(view.element, next);
      }
      next = view.element;
    }
    return gone.map(([, view]) => view);
  }
}

const SHEETS = new Map<string, CSSStyleSheet>();

/** A style sheet for shadow roots: made by script, so that no policy need permit inline styles. */
export function sheet(css: string): CSSStyleSheet {
  const found = SHEETS.get(css);
  if (found !== undefined) return found;
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  SHEETS.set(css, made);
  return made;
}

/** Runs `work` with the next frame, however often it is asked for before that: a burst of events is drawn once. */
export function once(work: () => void): () => void {
  let asked = false;
  const run = (): void => {
    asked = false;
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    if (document.visibilityState === "visible") requestAnimationFrame(run);
    else setTimeout(run, 50); // a hidden tab has no frames
  };
}
