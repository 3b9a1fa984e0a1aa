import type { FastifyInstance } from 'fastify';
import { readPageFiles } from './files.js';

/** The page runs its own modules and calls its own server; whatever a name or an answer holds, nothing else runs. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:", // images that were chosen, and frames of those that are elsewhere
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'cache-control': 'no-cache', // kept, but asked for every time: the page and its modules must be of one version
};

/** The web page, from a fixed list of files: no path of a request ever becomes one of the disk. */
export function pageRoutes(app: FastifyInstance): void {
  for (const { route, type, text, etag } of readPageFiles()) {
    app.get(route, (request, reply) => {
      void reply.headers({ ...PAGE_HEADERS, etag });
      const known = request.headers['if-none-match'] ?? '';
      if (known.includes(etag)) void reply.code(304).send();
      else void reply.type(type).send(text);
    });
  }
}
