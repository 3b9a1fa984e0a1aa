// The last step of the build: joins all that a process loads, modules and libraries, into a few files in dist/chunks.
// One by one, Node takes 0.2 s to find and load them.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { joinLicenses } from './licenses.mjs';

const OUT = 'dist/chunks';

/** What the processes of this package, and programs that import it, begin with. */
const ENTRIES = [
  'dist/index.js',
  'dist/cli/main.js',
  'dist/workers/child/worker.js',
  'dist/workers/previews/preview-worker.js',
  'dist/workers/devices/probe-worker.js',
];

/** Libraries that are native, find files beside their own, or are large and rarely needed. */
const LEFT_OUT = [
  '@aws-sdk/client-s3',
  '@fastify/*',
  'bullmq',
  'dejavu-fonts-ttf',
  'fastify',
  'ioredis',
  'light-my-request',
  'onnxruntime-node',
  'pino',
  'prom-client',
  'sharp',
  'undici',
];

await rm(OUT, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ENTRIES,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  metafile: true,
  external: LEFT_OUT,
  // For libraries in CommonJS, which require modules of Node.
  banner: { js: "import { createRequire as rq } from 'node:module';\nconst require = rq(import.meta.url);" },
  plugins: [
    { name: 'languages', setup: (bundler) => bundler.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, leaveEnglish) },
    { name: 'places', setup: (bundler) => bundler.onLoad({ filter: /\.js$/ }, keepPlace) },
  ],
});
for (const entry of ENTRIES) {
  const joined = relative(dirname(entry), join(OUT, basename(entry))).replaceAll(sep, '/');
  await writeFile(entry, `export * from '${joined.startsWith('.') ? '' : './'}${joined}';\n`);
  await rm(`${entry}.map`);
}
await writeFile(join(OUT, 'LICENSES.txt'), await joinLicenses(Object.keys(metafile.inputs)));

/** Modules find files by their own address, which stays what it was. */
async function keepPlace({ path }) {
  const place = relative(OUT, path).replaceAll(sep, '/');
  if (place.includes('node_modules')) return undefined;
  const text = await readFile(path, 'utf8');
  const address = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
  return { contents: text.replaceAll('import.meta.url', address), loader: 'js' };
}

/** The messages of zod in fifty other languages are half of its code. */
function leaveEnglish() {
  return { contents: "export { default as en } from './en.js';", loader: 'js' };
}
