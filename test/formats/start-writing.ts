import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { View } from '../../src/formats/format.js';
import type { FormatName } from '../../src/formats/index.js';
import { ROOT } from '../support/model/golden.js';

const [INDEX, VIEWS] = ['src/formats/index.ts', 'test/formats/views.ts'].map(
  (file) => pathToFileURL(join(ROOT, file)).href,
);

/**
 * Starts to write a view of images in a process of its own, which prints when it begins.
 *
 * @param skipped - How many boxes of each image are left out, the best first.
 */
export async function startWriting(
  format: FormatName,
  { outDir, root }: View,
  { names, skipped = 0 }: { names: readonly string[]; skipped?: number },
) {
  const script = `
    import { formats } from ${JSON.stringify(INDEX)};
    import { asyncOf, imagesNamed, ontology } from ${JSON.stringify(VIEWS)};
    const names = ${JSON.stringify(names)};
    const images = imagesNamed(names).map((image) => ({ ...image, detections: image.detections.slice(${skipped}) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const provenance = { version: '1.2.3', model: 'builtin:emoji', modelSha256: 'ab', year: 2026 };
    const view = { images: asyncOf(images), ontology, root: ${JSON.stringify(root)}, provenance,
      outDir: ${JSON.stringify(outDir)}, imageFiles: 'symlink',
      overwriteEdited: false, throwIfStopped: async () => {} };
    process.stdout.write('.');
    await formats[${JSON.stringify(format)}].write(view);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  return { child, closed };
}
