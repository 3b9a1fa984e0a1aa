// A step of the build: joins each page for browsers into one script and one style sheet in dist/page.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { joinLicenses } from './licenses.mjs';

const OUT = 'dist/page';
const PAGES = ['src/page/serve/serve', 'src/page/gallery/gallery'];

await rm(OUT, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: PAGES.flatMap((page) => [`${page}.ts`, `${page}.css`]),
  entryNames: '[name]',
  outdir: OUT,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none', // they are in LICENSES.txt
  tsconfig: 'src/page/tsconfig.json',
  metafile: true,
});
await writeFile(`${OUT}/LICENSES.txt`, await joinLicenses(Object.keys(metafile.inputs)));
