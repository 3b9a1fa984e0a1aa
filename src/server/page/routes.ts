import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { readPageFiles } from '../../http/page/page-files.js';
import { addPageRoutes } from '../../http/page/page-routes.js';
import { PAGE_HTML } from './html.js';

/** Sample images of this package, to try the page with. */
const EXAMPLES = ['scene-07.jpg', 'scene-08.jpg', 'scene-09.jpg'];

/** The web page. Its files are read at the start and need no API key: the page asks for one when the API needs it. */
export function registerPage(app: FastifyInstance): void {
  addPageRoutes(app, readPageFiles('serve', PAGE_HTML), { isPublic: true });
  for (const name of EXAMPLES) {
    const bytes = readFileSync(new URL(`../../../fixtures/scenes/${name}`, import.meta.url));
    app.get(`/page/${name}`, { config: { operation: 'undocumented', access: 'public' } }, (_request, reply) => {
      void reply.header('cache-control', 'no-cache').type('image/jpeg').send(bytes);
    });
  }
}
