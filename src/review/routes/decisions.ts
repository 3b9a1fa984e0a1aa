import type { FastifyInstance } from 'fastify';
import { SECURITY_HEADERS } from '../../http/headers.js';
import { RequestError } from '../../http/request-error.js';
import type { AskPart } from '../ask/routes.js';
import { listPlaces } from '../places.js';
import type { ReviewServer } from '../review-server.js';

/** The run, what people have decided about it, and what changes meanwhile. */
export function registerDecisions(
  app: FastifyInstance,
  { session, again, askState }: Pick<ReviewServer, 'session' | 'again'> & { readonly askState: AskPart['state'] },
): void {
  app.get('/api/state', async () => ({
    title: session.title,
    author: session.author,
    readOnly: session.readOnly ?? null,
    ask: await askState(),
    places: listPlaces({ session, again }),
    mode: 'review',
  }));
  app.get('/api/pack', async (_request, reply) => {
    const bytes = await session.pack();
    return reply.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  app.get('/api/decisions', async (_request, reply) => {
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(await session.decisions()));
  });
  app.post('/api/decisions', async (request) => {
    const { image, changes, seen } = fieldsOf(request.body);
    if (!Number.isSafeInteger(image))
      throw new RequestError('REQUEST_INVALID', 'image: the number of an image is needed.');
    if (seen !== undefined && typeof seen !== 'string')
      throw new RequestError('REQUEST_INVALID', 'seen: it is not a text.');
    return await session.save(image as number, changes, seen);
  });
  app.get('/api/events', (request, reply) => {
    reply.hijack();
    session.events.add(reply.raw, { ...SECURITY_HEADERS, 'x-request-id': request.id });
  });
}

function fieldsOf(body: unknown): { readonly image?: unknown; readonly changes?: unknown; readonly seen?: unknown } {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new RequestError('REQUEST_INVALID', 'The body is {"image": number, "changes": […]} as application/json.');
}
