import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoints, normalised, safeLink } from "./text";

// As domain/text.py has them: what the server would keep, and how long that is.
const texts: readonly [string, string, number][] = [
  ["  plain \n", "plain", 5],
  ["e\u0301", "é", 1],
  ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦", 7],
  ["한글", "한글", 2],
  ["one\r\ntwo\rthree", "one\ntwo\nthree", 13],
  ["bell\u0007 and null\u0000", "bell and null", 13],
  ["half a pair \ud83d", "half a pair", 11],
  ["\u0085next line\u2003", "next line", 9],
  ["\ufeffmark", "\ufeffmark", 5],
  [" \t\n ", "", 0],
];

for (const [typed, kept, length] of texts) {
  test(`${JSON.stringify(typed)} is kept as ${JSON.stringify(kept)}`, () => {
    assert.equal(normalised(typed), kept);
    assert.equal(codePoints(normalised(typed)), length);
  });
}

test("links lead to http(s) alone", () => {
  assert.equal(safeLink("https://news.example/a#comment-1"), "https://news.example/a#comment-1");
  for (const address of ["javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,x", "/relative", "", "vbscript:x"]) {
    assert.equal(safeLink(address), null, address);
  }
});
