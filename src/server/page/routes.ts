import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { SAMPLES } from '../../disk/samples.js';
import { readPageFiles } from '../../http/page/page-files.js';
import { addPageRoutes } from '../../http/page/page-routes.js';
import { PAGE_HTML } from './html.js';

/**
 * The web page, with sample images to try it with. Its files are read at the start and need no API key: the page asks
 * for one when the API needs it.
 */
export function registerPage(app: FastifyInstance): void {
  addPageRoutes(app, readPageFiles('serve', PAGE_HTML), { isPublic: true });
  for (const path of SAMPLES) {
    const bytes = readFileSync(path);
    app.get(
      `/page/${basename(path)}`,
      { config: { operation: 'undocumented', access: 'public' } },
      (_request, reply) => {
        void reply.header('cache-control', 'no-cache').type('image/jpeg').send(bytes);
      },
    );
  }
}
