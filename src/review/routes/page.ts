import type { FastifyInstance } from 'fastify';
import { readPageFiles } from '../../http/page/page-files.js';
import { addPageRoutes, PAGE_HEADERS } from '../../http/page/page-routes.js';
import type { ReviewServer } from '../review-server.js';
import { LINK_NEEDED_HTML, LINK_OPENED_ELSEWHERE_HTML, REVIEW_HTML } from '../html.js';

/** The page and its files. `/?token=…` makes a cookie of the token of the printed link, and leaves the token's URL. */
export function registerPage(app: FastifyInstance, { access }: ReviewServer): void {
  const [page, ...files] = readPageFiles('gallery', REVIEW_HTML);
  app.get('/', { config: { access: 'public' } }, (request, reply) => {
    const { token } = request.query as Readonly<Record<string, unknown>>;
    if (access.isToken(token)) {
      void reply.header('set-cookie', access.cookieFor(request)).redirect('/', 303);
      return;
    }
    void reply.headers(PAGE_HEADERS).type(page!.type);
    try {
      access.requireAllowed(request);
    } catch {
      // A browser that follows a link of another site sends the cookie only when the page is loaded again.
      const isFromOther = request.headers['sec-fetch-site'] === 'cross-site';
      if (access.hasKeys) void reply.header('www-authenticate', 'Basic realm="preannotate review"');
      void reply.code(401).send(isFromOther ? LINK_OPENED_ELSEWHERE_HTML : LINK_NEEDED_HTML);
      return;
    }
    void reply.send(page!.text);
  });
  addPageRoutes(app, files, { isPublic: false });
}
