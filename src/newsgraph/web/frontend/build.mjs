// Builds everything that browsers get, into ../static: `node build.mjs`.
//
// widgets/ and client/ become one ES module each, with a name that stays. GraphiQL becomes an entry, chunks and workers
// whose names change with their contents, so that browsers may keep them for ever. manifest.json says what there is.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const place = join(here, "..", "static");
const made = `${place}.new`; // replaces the old one when all of it is there

const options = {
  absWorkingDir: here,
  outdir: made,
  outbase: here,
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["chrome110", "firefox115", "safari16.4"],
  charset: "utf8", // Korean and Arabic texts are half as long as they would be escaped
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none", // licences.txt has them whole
  logLevel: "warning",
};
const hashed = { entryNames: "[dir]/[name]-[hash]", chunkNames: "graphiql/[name]-[hash]", assetNames: "graphiql/[name]-[hash]" };

rmSync(made, { recursive: true, force: true });
const modules = await build({
  ...options,
  entryPoints: { "widgets/newsgraph": "widgets/index.ts", "widgets/newsgraph-client": "client/index.ts" },
  sourcemap: true,
});
const workers = await build({
  ...options,
  ...hashed,
  entryPoints: ["editor", "json", "graphql"].map((name) => `graphiql/${name}.worker.ts`),
});
const page = await build({
  ...options,
  ...hashed,
  entryPoints: ["graphiql/main.tsx"],
  splitting: true,
  jsx: "automatic",
  loader: { ".ttf": "file" },
  publicPath: "/",
  define: { ...options.define, WORKERS: JSON.stringify(addresses(workers)) },
});

writeFileSync(join(made, "widgets", "newsgraph-client.d.ts"), declarations("client"));
writeFileSync(join(made, "graphiql", "licences.txt"), licences([modules, workers, page]));
const files = Object.fromEntries(listed(made).map((path) => [path, described(path)]));
const [main] = outputs(page).filter(({ entryPoint }) => entryPoint === "graphiql/main.tsx");
const graphiql = { script: `/${main.path}`, style: `/${relative(made, join(here, main.cssBundle))}` };
const documents = await widgetDocuments();
writeFileSync(join(made, "manifest.json"), JSON.stringify({ graphiql, files, documents }, null, 1));
rmSync(place, { recursive: true, force: true });
renameSync(made, place);

/** What the widgets ask for, by name: a server that executes only what it knows has to know this. */
async function widgetDocuments() {
  const found = await build({ ...options, entryPoints: ["widgets/documents.ts"], write: false, charset: "utf8" });
  const { text } = found.outputFiles.find(({ path }) => path.endsWith(".js"));
  return { ...(await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`)) };
}

/** The types of a folder's modules, in one: none of them exports a name that another has. */
function declarations(folder) {
  const place = join(made, "types");
  const flags = "--ignoreConfig --declaration --emitDeclarationOnly --noCheck --skipLibCheck --allowImportingTsExtensions --target es2023";
  const compiler = join(here, "node_modules", "typescript", "bin", "tsc");
  const options = [...flags.split(" "), "--module", "esnext", "--moduleResolution", "bundler", "--outDir", place];
  const done = spawnSync(process.execPath, [compiler, join(folder, "index.ts"), ...options], { cwd: here, encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stdout + done.stderr);
  const texts = listed(place).filter((path) => !path.endsWith("index.d.ts")).map((path) => readFileSync(join(place, path), "utf8"));
  rmSync(place, { recursive: true });
  return texts.join("").replaceAll(/^import .*\n/gm, "");
}

/** Each output with its path below `made`. */
function outputs({ metafile }) {
  return Object.entries(metafile.outputs).map(([path, output]) => ({ ...output, path: relative(made, join(here, path)) }));
}

/** Where each worker is served, by its name. */
function addresses(result) {
  const entries = outputs(result).filter(({ entryPoint }) => entryPoint);
  return Object.fromEntries(entries.map(({ entryPoint, path }) => [/(\w+)\.worker/.exec(entryPoint)[1], `/${path}`]));
}

function listed(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** What the server must know of a file; it is compressed here, once, where that makes it smaller. */
function described(path) {
  const body = readFileSync(join(made, path));
  const codings = [];
  // Brotli's best (11) takes 15 s for all of it and saves 4 % more.
  const compressed = {
    br: brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    gzip: gzipSync(body, { level: 9 }),
  };
  for (const [coding, bytes] of Object.entries(compressed)) {
    if (bytes.length < body.length * 0.9) {
      writeFileSync(join(made, `${path}.${coding}`), bytes);
      codings.push(coding);
    }
  }
  return { sha256: createHash("sha256").update(body).digest("hex"), codings };
}

/** The licence of each package of which something was bundled. */
function licences(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  return [...folders].sort().map(licence).join(`\n\n${"-".repeat(80)}\n\n`);
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  const text = readdirSync(join(here, folder)).find((file) => /^licen[cs]e/i.test(file));
  return `${name} ${version} (${license})\n\n${text ? readFileSync(join(here, folder, text), "utf8").trim() : ""}`;
}
