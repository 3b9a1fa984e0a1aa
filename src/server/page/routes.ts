import type { FastifyInstance } from 'fastify';
import { readPageFiles } from '../../http/page/page-files.js';
import { PAGE_HTML } from './html.js';

/** The page runs its own modules and calls its own server only, whatever markup names and answers contain. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:", // chosen images, and empty frames in place of images given by URL
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'cache-control': 'no-cache', // cached, but revalidated: the page and its modules must be of one version
};

/** The web page. Its files are read at the start and need no API key: the page asks for one when the API needs it. */
export function registerPage(app: FastifyInstance): void {
  for (const { route, type, text, etag } of readPageFiles('serve', PAGE_HTML)) {
    app.get(route, { config: { operation: 'undocumented', access: 'public' } }, (request, reply) => {
      void reply.headers({ ...PAGE_HEADERS, etag });
      const known = request.headers['if-none-match'] ?? '';
      if (known.includes(etag)) void reply.code(304).send();
      else void reply.type(type).send(text);
    });
  }
}
