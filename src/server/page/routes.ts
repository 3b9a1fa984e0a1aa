import type { FastifyInstance } from 'fastify';
import { readPageFiles } from '../../http/page/page-files.js';
import { addPageRoutes } from '../../http/page/page-routes.js';
import { PAGE_HTML } from './html.js';

/** The web page. Its files are read at the start and need no API key: the page asks for one when the API needs it. */
export function registerPage(app: FastifyInstance): void {
  addPageRoutes(app, readPageFiles('serve', PAGE_HTML), { isPublic: true });
}
