import assert from "node:assert/strict";
import { test } from "node:test";
import { ar } from "./strings/ar";
import { de } from "./strings/de";
import { en } from "./strings/en";
import { ko } from "./strings/ko";
import { addStrings, Words, type Name } from "./words";

const languages = { en, ko, de, ar };
const names = Object.keys(en) as Name[];

/** What is to be filled in, whatever the form. */
function gaps(text: unknown): string[] {
  const found = JSON.stringify(text).matchAll(/\{(\w+)\}/g);
  return [...new Set([...found].map(([, name]) => name as string))].sort();
}

for (const [language, strings] of Object.entries(languages)) {
  test(`${language} says everything, with the same gaps`, () => {
    assert.deepEqual(Object.keys(strings), names);
    for (const name of names) assert.deepEqual(gaps(strings[name]), gaps(en[name]), name);
  });

  test(`${language} has a form for each number`, () => {
    const words = new Words(language);
    for (const name of names) {
      for (const n of [0, 1, 2, 3, 7, 11, 100, 1_000]) {
        const said = words.say(name, { n, max: 300, limit: n, name: "Kim", time: "tomorrow" });
        assert.ok(said.length > 0 && !/[{}]|undefined/.test(said), `${name}: ${said}`);
      }
    }
  });
}

test("Arabic counts in six forms", () => {
  const words = new Words("ar");
  const said = [0, 1, 2, 3, 11, 100].map((n) => words.say("countOf", { n }));
  assert.equal(new Set(said).size, 6);
  assert.equal(words.direction, "rtl");
});

test("a language with a region, one that nobody knows, and one that is none", () => {
  assert.equal(new Words("de-AT").say("reply"), "Antworten");
  assert.equal(new Words("tlh").say("reply"), "Reply");
  assert.equal(new Words("de_AT@euro").say("reply"), "Reply");
  assert.equal(new Words("").say("reply"), "Reply");
});

test("what a page adds is said, and the rest in English", () => {
  addStrings("fr", { reply: "Répondre", newComments: { one: "{n} nouveau", other: "{n} nouveaux" } });
  const words = new Words("fr-CA");
  assert.equal(words.say("reply"), "Répondre");
  assert.equal(words.say("newComments", { n: 2 }), "2 nouveaux");
  assert.equal(words.say("report"), "Report");
});

test("times are near or a date", () => {
  const words = new Words("en");
  const from = (seconds: number): string => words.ago(new Date(Date.now() + seconds * 1_000).toISOString());
  assert.equal(from(-20), "now");
  assert.equal(from(-125), "2 minutes ago");
  assert.equal(from(-3 * 3_600 - 5), "3 hours ago");
  assert.equal(from(-25 * 3_600), "yesterday");
  assert.equal(from(90), "in 1 minute");
  assert.match(from(-30 * 86_400), /^\w{3} \d{1,2}, \d{4}$/);
});
