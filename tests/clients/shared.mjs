// What the clients have in common: they are told as JSON what to do, and say what happens, one line of JSON each time.

import { createInterface } from "node:readline";
import { inspect } from "node:util";

export const { url, query, variables, stock, signIn, token } = JSON.parse(process.argv[2]);

export const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const dropped = (why) => say({ dropped: String(why) });

export const failed = (why) => say({ failed: inspect(why) });

export async function ask(what) {
  say({ asked: what });
  return (await answers.next()).value;
}

export function take({ data, errors }) {
  if (errors) failed(errors);
  else say({ event: data.commentEvents });
}

/** The same for clients that send `variables` again, as they are then, whenever they subscribe again. */
export function takeAndGoOn(result) {
  variables.after = result.data?.commentEvents.cursor ?? variables.after;
  take(result);
}

export function say(line) {
  console.log(JSON.stringify(line));
}
