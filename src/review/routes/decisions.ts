import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toCompactDecision } from '../../core/review/compact.js';
import { encodeDecisions } from '../../core/review/packed/packed-decisions.js';
import { SECURITY_HEADERS } from '../../http/headers.js';
import { RequestError } from '../../http/request-error.js';
import type { AskPart } from '../ask/routes.js';
import { listReplaced } from './list-replaced.js';
import { listPlaces } from '../places.js';
import type { ReviewServer } from '../review-server.js';
import { toBuffer } from '../to-buffer.js';
import type { StepOrigin } from '../review-session.js';

/** The run, what people have decided about it, and what changes meanwhile. */
export function registerDecisions(
  app: FastifyInstance,
  { session, rerun, askState }: Pick<ReviewServer, 'session' | 'rerun'> & { readonly askState: AskPart['state'] },
): void {
  app.get('/api/state', async () => ({
    title: session.title,
    author: session.author,
    readOnly: session.readOnly ?? null,
    ask: await askState(),
    places: listPlaces({ session, rerun }),
    mode: 'review',
  }));
  app.get('/api/pack', async (request, reply) => {
    const { bytes, tag } = await session.pack();
    void reply.header('etag', `"${tag}"`);
    if (request.headers['if-none-match'] === `"${tag}"`) return reply.code(304).send();
    return reply.type('application/octet-stream').send(toBuffer(bytes));
  });
  app.get('/api/decisions', async (request, reply) => {
    const query = request.query as object;
    const run = await session.pack();
    const decisions = await session.decisions(run);
    if (Object.hasOwn(query, 'packed')) {
      return reply.type('application/octet-stream').send(toBuffer(encodeDecisions(decisions, run)));
    }
    const body = Object.hasOwn(query, 'compact') ? decisions.map(toCompactDecision) : decisions;
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
  });
  app.get('/api/replaced', () => listReplaced(session));
  app.post('/api/decisions', async (request) => {
    const { image, changes, ...origin } = fieldsOf(request.body);
    if (!Number.isSafeInteger(image))
      throw new RequestError('REQUEST_INVALID', 'image: the number of an image is needed.');
    return await session.save(image as number, changes, parseOrigin(origin));
  });
  app.get('/api/events', async (request, reply) => {
    await session.facts(); // a run that cannot be read is answered as an error
    reply.hijack();
    await session.follow(reply.raw, { ...SECURITY_HEADERS, 'x-request-id': request.id }, lastSeenBy(request));
  });
}

const STEP = /^\w{1,40}-\d{1,9}$/;

/** What a page says about its step. All of it may be left out. */
function parseOrigin({ step, base, seen }: Fields): StepOrigin {
  if (step !== undefined && (typeof step !== 'string' || !STEP.test(step)))
    throw new RequestError('REQUEST_INVALID', 'step: letters and digits of the page, - and a number are needed.');
  if (base !== undefined && !(Number.isSafeInteger(base) && (base as number) >= 0))
    throw new RequestError('REQUEST_INVALID', 'base: a revision is needed, or 0.');
  if (seen !== undefined && typeof seen !== 'string')
    throw new RequestError('REQUEST_INVALID', 'seen: it is not a text.');
  return { id: step, base: base as number | undefined, seen };
}

/** The revision of the last decision that a page has: as the browser remembers it, or as the page says. */
function lastSeenBy({ headers, query }: FastifyRequest): number | undefined {
  const { after } = query as Readonly<Record<string, unknown>>;
  const stated = headers['last-event-id'] ?? after;
  return typeof stated === 'string' && /^\d{1,15}$/.test(stated) ? Number(stated) : undefined;
}

type Fields = Readonly<Partial<Record<'image' | 'changes' | 'seen' | 'step' | 'base', unknown>>>;

function fieldsOf(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new RequestError('REQUEST_INVALID', 'The body is {"image": number, "changes": […]} as application/json.');
}
