/** The widgets of newsgraph: `<newsgraph-comments>`, `<newsgraph-list>` and `<newsgraph-live-count>`. */

export { NewsgraphComments } from "./comments/element";
export { NewsgraphList } from "./list";
export { NewsgraphLiveCount } from "./live_count";
export { addStrings, type Strings } from "./words";
