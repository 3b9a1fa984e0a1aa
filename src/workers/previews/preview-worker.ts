/** The child process that draws previews, so that the parent never decodes an image. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import { makeFolder } from '../../disk/make-folder.js';
import { decodeImage } from '../../images/decode.js';
import { drawPreview } from '../../images/drawing/draw-preview.js';
import { renderImage } from '../../images/drawing/render-image.js';
import { makeThumbnail } from '../../images/drawing/thumbnail.js';
import { makeUprightCopy } from '../../images/upright/upright-copy.js';
import { readImage } from '../../images/read.js';
import type { FromPreviewWorker, PreviewRequest, ThumbnailRequest } from './preview-artist.js';

process.on('SIGINT', () => {}); // the parent decides
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // an orderly exit would wait for a decode
process.on('message', (request: PreviewRequest | ThumbnailRequest) => {
  void draw(request).then((answer) => process.send?.(answer));
});

async function draw(request: PreviewRequest | ThumbnailRequest): Promise<FromPreviewWorker> {
  const { source, limits } = request;
  try {
    const { bytes, sha256 } = typeof source === 'string' ? await readImage(source, limits.maxBytes) : stampOf(source);
    const { maxPixels } = limits;
    if ('thumbnailPx' in request) {
      const { thumbnailPx: longestPx } = request;
      const thumbnail =
        longestPx === 'full'
          ? await renderImage(bytes, { maxPixels, strict: false })
          : await makeThumbnail(bytes, { maxPixels, longestPx });
      return { problem: undefined, thumbnail, sha256 };
    }
    const { target, boxes } = request;
    if (boxes === 'upright') return await write(target, await makeUprightCopy(bytes, limits));
    const image = await decodeImage(bytes, { maxPixels, strict: false });
    return await write(target, await drawPreview(image, boxes));
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function stampOf(source: Uint8Array): { readonly bytes: Buffer; readonly sha256: string } {
  const bytes = Buffer.from(source);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
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
