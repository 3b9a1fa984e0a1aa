import type { FastifyInstance } from 'fastify';
import type { PageFile } from './page-files.js';

/** A page runs its own script and calls its own server only, whatever markup names and answers contain. */
export const PAGE_HEADERS = {
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
  'cache-control': 'no-cache', // cached, but revalidated: the page and its script must be of one version
};

/** Adds the routes of a page's files. */
export function addPageRoutes(
  app: FastifyInstance,
  files: readonly PageFile[],
  { isPublic }: { readonly isPublic: boolean },
): void {
  const config = { operation: 'undocumented' as const, ...(isPublic ? { access: 'public' as const } : {}) };
  for (const { route, type, text, etag } of files) {
    app.get(route, { config }, (request, reply) => {
      void reply.headers({ ...PAGE_HEADERS, etag });
      const known = request.headers['if-none-match'] ?? '';
      if (known.includes(etag)) void reply.code(304).send();
      else void reply.type(type).send(text);
    });
  }
}
