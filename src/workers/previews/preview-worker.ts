/** The child process that draws previews, so that the parent never decodes an image. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.js';
import { makeFolder } from '../../disk/make-folder.js';
import { decodeImage } from '../../images/decode.js';
import { drawPreview } from '../../images/draw.js';
import { makeUprightCopy } from '../../images/upright/upright-copy.js';
import { readImage } from '../../images/read.js';
import type { FromPreviewWorker, PreviewRequest } from './preview-artist.js';

process.on('SIGINT', () => {}); // the parent decides
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // an orderly exit would wait for a decode
process.on('message', (request: PreviewRequest) => {
  void draw(request).then((problem) => process.send?.({ problem } satisfies FromPreviewWorker));
});

/** @returns What went wrong, if anything: a preview that cannot be drawn costs nothing else. */
async function draw({ source, target, boxes, limits }: PreviewRequest): Promise<string | undefined> {
  try {
    const bytes = typeof source === 'string' ? (await readImage(source, limits.maxBytes)).bytes : Buffer.from(source);
    await makeFolder(dirname(target));
    if (boxes === 'upright') {
      await writeFile(target, await makeUprightCopy(bytes, limits));
      return undefined;
    }
    const image = await decodeImage(bytes, { maxPixels: limits.maxPixels, strict: false });
    await writeFile(target, await drawPreview(image, boxes));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
