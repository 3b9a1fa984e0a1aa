/** The child process that draws previews, so that the parent never decodes an image. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import { makeFolder } from '../../disk/make-folder.js';
import { decodeImage } from '../../images/decode.js';
import { drawPreview } from '../../images/drawing/draw-preview.js';
import { makeUprightCopy } from '../../images/upright/upright-copy.js';
import { readImage } from '../../images/read.js';
import type { FromPreviewWorker, PreviewRequest } from './preview-artist.js';

process.on('SIGINT', () => {}); // the parent decides
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // an orderly exit would wait for a decode
process.on('message', (request: PreviewRequest) => {
  void draw(request).then((answer) => process.send?.(answer));
});

async function draw({ source, target, boxes, limits }: PreviewRequest): Promise<FromPreviewWorker> {
  try {
    const bytes = typeof source === 'string' ? (await readImage(source, limits.maxBytes)).bytes : Buffer.from(source);
    if (boxes === 'upright') return await write(target, await makeUprightCopy(bytes, limits));
    const image = await decodeImage(bytes, { maxPixels: limits.maxPixels, strict: false });
    return await write(target, await drawPreview(image, boxes));
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

async function write(target: string, picture: Buffer): Promise<FromPreviewWorker> {
  try {
    await makeFolder(dirname(target));
    await writeFile(target, picture);
    return { problem: undefined };
  } catch (error) {
    return { problem: messageOf(error), writeError: systemCodeOf(error) };
  }
}
