import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { View } from '../../src/formats/format.js';
import type { FormatName } from '../../src/formats/index.js';
import { ROOT } from '../support/model/golden.js';
import { imagesNamed } from './views.js';

const INDEX = pathToFileURL(join(ROOT, 'dist/formats/index.js')).href;

/** Reads what to write, prints when it begins, and writes it. Built code starts several times as fast as sources. */
const SCRIPT = `
  import { formats } from ${JSON.stringify(INDEX)};
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const { format, images, ...view } = JSON.parse(text);
  const asyncImages = { async *[Symbol.asyncIterator]() { yield* images; } };
  process.stdout.write('.');
  await formats[format].write({ ...view, images: asyncImages, throwIfStopped: async () => {} });`;

/**
 * Starts to write a view of images in a process of its own, which prints when it begins.
 *
 * @param skipped - How many boxes of each image are left out, the best first.
 */
export async function startWriting(
  format: FormatName,
  { outDir, root, ontology, provenance, overwriteEdited }: View,
  { names, skipped = 0 }: { names: readonly string[]; skipped?: number },
) {
  const images = imagesNamed(names)
    .map((image) => ({ ...image, detections: image.detections.slice(skipped) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const args = ['--input-type=module', '-e', SCRIPT];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const view = { outDir, root, ontology, provenance, overwriteEdited, imageFiles: 'symlink', images };
  child.stdin.end(JSON.stringify({ format, ...view }));
  await once(child.stdout, 'data');
  return { child, closed };
}
