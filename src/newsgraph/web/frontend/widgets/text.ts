/** A comment's text, measured as the server measures it: code points after NFC and trimming. */

// What Python's str.strip takes away, which is not quite what String.trim does: it leaves U+FEFF and takes U+0085.
const EDGES = /^(?:[^\S\ufeff]|\x85)+|(?:[^\S\ufeff]|\x85)+$/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text as it will be kept. */
export function normalised(text: string): string {
  return text.normalize("NFC").replace(/\r\n?/g, "\n").replace(CONTROLS, "").replace(EDGES, "");
}

/** Code points: an emoji of a family is seven of them, and eleven units of a string's `length`. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** An address that may stand in a link; anything but http(s) may not. */
export function safeLink(address: string): string | null {
  try {
    return /^https?:$/.test(new URL(address).protocol) ? address : null;
  } catch {
    return null;
  }
}
