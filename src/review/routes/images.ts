import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../../http/request-error.js';
import type { ReviewServer } from '../review-server.js';
import { toBuffer } from '../to-buffer.js';
import { goneSignal } from '../gone-signal.js';

const SIDES_PX = ['160', '320']; // few, so that the cache has each image twice at most

/** What is fetched anew: a run can give an image's number another content only when its file changes. */
const THUMBNAIL_CACHE = 'private, max-age=300';
const IMAGE_CACHE = 'private, no-cache';

/** Images and thumbnails, by the numbers of images. */
export function registerImages(app: FastifyInstance, { session, images }: ReviewServer): void {
  app.get('/api/images/:id', async (request, reply) => {
    const record = await session.recordOf(idOf(request));
    const isKnown = (tag: string) => isKnownTo(request, tag);
    const shown = await images.open(record, { signal: goneSignal(reply), isKnown });
    void reply.header('cache-control', IMAGE_CACHE);
    if (shown === undefined) return reply.header('etag', request.headers['if-none-match']).code(304).send();
    const { type, tag, content } = shown;
    void reply.header('etag', `"${tag}"`).type(type);
    if ('bytes' in content) return reply.send(toBuffer(content.bytes));
    const { file, length } = content;
    if (request.method === 'HEAD' || length === 0) {
      await file.close();
      return reply.header('content-length', length).send();
    }
    return reply.header('content-length', length).send(file.createReadStream({ start: 0, end: length - 1 }));
  });
  app.get('/api/images/:id/thumbnail', async (request, reply) => {
    const record = await session.recordOf(idOf(request));
    const { width } = request.query as Readonly<Record<string, unknown>>;
    if (typeof width !== 'string' || !SIDES_PX.includes(width))
      throw new RequestError('REQUEST_INVALID', `width: ${SIDES_PX.join(' or ')} is needed.`);
    const tag = `${record.sha256.slice(0, 32)}-${width}`;
    if (isKnownTo(request, tag)) return reply.header('etag', `"${tag}"`).code(304).send();
    const bytes = await images.thumbnail(record, Number(width), goneSignal(reply));
    return reply
      .headers({ 'cache-control': THUMBNAIL_CACHE, etag: `"${tag}"` })
      .type('image/webp')
      .send(toBuffer(bytes));
  });
}

function idOf({ params }: FastifyRequest): number {
  const { id } = params as { readonly id: string };
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id);
  throw new RequestError('NOT_FOUND', 'Images are asked for by their numbers.');
}

function isKnownTo({ headers }: FastifyRequest, tag: string): boolean {
  return headers['if-none-match']?.includes(`"${tag}"`) ?? false;
}
