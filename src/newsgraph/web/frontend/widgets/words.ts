/** What the widgets say, in the reader's language: texts, numbers and times. */

import { ar } from "./strings/ar";
import { de } from "./strings/de";
import { en } from "./strings/en";
import { ko } from "./strings/ko";

type Forms = { readonly other: string } & { readonly [category in Intl.LDMLPluralRule]?: string };
type Plain<T> = T extends string ? string : Forms;

export type Strings = { readonly [name in keyof typeof en]: Plain<(typeof en)[name]> };
export type Name = keyof Strings;

type Values = Readonly<Record<string, string | number>>;

const LANGUAGES = new Map<string, Partial<Strings>>(Object.entries({ en, ko, de, ar }));
const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const WEEK = 7 * 86_400;

/** Adds a language, or changes texts of one; what is left out is said in English. */
export function addStrings(language: string, strings: Partial<Strings>): void {
  const tag = language.toLowerCase();
  LANGUAGES.set(tag, { ...LANGUAGES.get(tag), ...strings });
}

/** The nearest `lang` of an element, else the browser's language. */
export function languageOf(element: Element): string {
  let here: Element | null = element;
  while (here !== null) {
    const found = here.closest("[lang]");
    if (found?.getAttribute("lang")) return found.getAttribute("lang") as string;
    const root = here.getRootNode();
    here = root instanceof ShadowRoot ? root.host : null;
  }
  return navigator.language || "en";
}

export class Words {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly #strings: Partial<Strings>;
  readonly #plurals: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #dates: Intl.DateTimeFormat;
  readonly #days: Intl.DateTimeFormat;

  /** `language`: a BCP 47 tag; one that is not known, or is none, is answered in English. */
  constructor(language: string) {
    const [tag, strings] = known(language);
    this.language = tag;
    this.direction = RIGHT_TO_LEFT.test(tag) ? "rtl" : "ltr";
    this.#strings = strings;
    this.#plurals = new Intl.PluralRules(tag);
    this.#numbers = new Intl.NumberFormat(tag);
    this.#relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
    this.#dates = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" });
    this.#days = new Intl.DateTimeFormat(tag, { dateStyle: "medium" });
  }

  /** The text of this name; `n`, or else `limit`, decides on its form. */
  say(name: Name, values: Values = {}): string {
    const text = this.#strings[name] ?? en[name];
    const form = typeof text === "string" ? text : this.#form(text, Number(values["n"] ?? values["limit"] ?? 0));
    return form.replace(/\{(\w+)\}/g, (whole, key: string) => this.#value(values[key], whole));
  }

  has(name: string): name is Name {
    return Object.hasOwn(en, name);
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  #form(forms: Forms, n: number): string {
    return forms[this.#plurals.select(n)] ?? forms.other;
  }

  #value(value: string | number | undefined, otherwise: string): string {
    if (value === undefined) return otherwise;
    return typeof value === "number" ? this.number(value) : value;
  }

  /** "5 minutes ago" or "in 5 minutes"; a date when that is more than a week away. */
  ago(time: string): string {
    const seconds = (Date.parse(time) - Date.now()) / 1_000;
    const away = Math.abs(seconds);
    if (away >= WEEK) return this.#days.format(new Date(time));
    for (const [unit, size] of UNITS) {
      if (away >= size) return this.#relative.format(Math.trunc(seconds / size), unit);
    }
    return seconds <= 0 ? this.#relative.format(0, "second") : this.#relative.format(Math.ceil(seconds), "second");
  }

  at(time: string): string {
    return this.#dates.format(new Date(time));
  }
}

function known(language: string): [string, Partial<Strings>] {
  const tag = language.toLowerCase();
  const base = tag.split("-")[0] as string;
  const strings = LANGUAGES.get(tag) ?? LANGUAGES.get(base);
  if (strings === undefined || !valid(language)) return ["en", en];
  return [language, strings];
}

function valid(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length === 1;
  } catch {
    return false;
  }
}
