// Builds dist/, which the server embeds. Everything is gzipped once here, so that the server only copies
// bytes, and the hash of the sources is kept beside it, so that a Go test notices a build forgotten.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

import { hashSources } from './sources.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: dist,
  target: ['es2022'],
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

// GraphiQL's style sheet holds the editor's styles; those that the editor's modules import would be
// built into files that no page loads.
const editorStyles = {
  name: 'editor-styles',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: '', loader: 'css' }));
  },
};

const page = build({
  ...common,
  entryPoints: { playground: 'src/playground.jsx', start: 'pages/start.css' },
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.graphql': 'text' },
  plugins: [editorStyles],
});
const workers = build({
  ...common,
  entryPoints: {
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
  },
  format: 'iife',
});

const results = await Promise.all([page, workers]);
const files = results.flatMap((result) => result.outputFiles);
const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs));
files.push({ path: 'licenses.txt', contents: Buffer.from(await licences(inputs)) });
await rm(dist, { recursive: true, force: true });
await mkdir(dist);
let bytes = 0;
for (const file of files.filter((built) => built.contents.length > 0)) {
  const zipped = gzipSync(file.contents, { level: 9 });
  bytes += zipped.length;
  await writeFile(join(dist, `${basename(file.path)}.gz`), zipped);
}
await writeFile(join(dist, 'sources.sha256'), `${await hashSources(root)}\n`);
process.stdout.write(`${files.length} files, ${bytes} bytes gzipped\n`);

/** licences returns the notices of every package whose code was bundled, as their licences ask. */
async function licences(paths) {
  const packages = new Set(paths.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const notices = [];
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(root, folder, file), 'utf8') : '';
    notices.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return notices.join(`\n${'-'.repeat(80)}\n`);
}
