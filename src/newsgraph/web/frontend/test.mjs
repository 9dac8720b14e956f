// Runs every *.test.ts, bundled first: Node.js 20 runs no TypeScript. Files may be named: `node test.mjs client/fold.test.ts`.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const made = join(here, "node_modules", ".tests");
const named = process.argv.slice(2);

const found = ["client", "graphiql", "widgets"].flatMap((folder) =>
  readdirSync(join(here, folder), { recursive: true }).map((path) => join(folder, path)),
);
const entryPoints = named.length ? named : found.filter((path) => path.endsWith(".test.ts"));

rmSync(made, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  outdir: made,
  outbase: here,
  outExtension: { ".js": ".mjs" },
  entryPoints,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  metafile: true,
  logLevel: "warning",
});
const tests = Object.keys(metafile.outputs);
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...tests], { cwd: here, stdio: "inherit" });
process.exitCode = run.status ?? 1;
