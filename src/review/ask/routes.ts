import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { messageOf, PreannotateError } from '../../core/errors.js';
import { encodePack } from '../../core/gallery/pack.js';
import { RequestError } from '../../http/request-error.js';
import type { AskState } from '../../core/gallery/ask.js';
import { goneSignal } from '../gone-signal.js';
import { toBuffer } from '../to-buffer.js';
import { AskSession, type AskContext } from './ask-session.js';
import type { Asker } from './asker.js';
import type { Wanted } from './keep.js';
import { Keeper } from './keeper.js';
import { AskedQuestion, toOntology, toOntologyOfLike, type LikeThis } from './question.js';
import type { Rerun } from './rerun.js';

/** Questions of several people at once; each takes all cores for about a second per 1,000 images. */
const MAX_QUESTIONS = 4;
const MAX_CLASS_CHARACTERS = 200;

const KeptQuestion = z.strictObject({
  question: AskedQuestion,
  class: z
    .string()
    .max(MAX_CLASS_CHARACTERS, `The name of a class has at most ${MAX_CLASS_CHARACTERS} characters.`)
    .regex(/\S/, 'The class has no name.')
    .regex(/^\P{Cc}*$/u, 'The name of the class has a control character in it.'),
  threshold: z.exactOptional(z.number().min(0).max(1)),
});

/** The part of a review server that asks the model. */
export interface AskPart extends AsyncDisposable {
  state(): Promise<AskState>;
}

/** Adds the routes by which a page asks the model about a whole run, and keeps what it found. */
export function registerAsk(app: FastifyInstance, context: AskContext, rerun: Rerun): AskPart {
  const session = new AskSession(context, rerun);
  const keeper = new Keeper({ context, session, rerun });
  void session.state().catch(() => {}); // begun while the browser loads the page
  registerQuestions(app, session, keeper);
  registerKeeping(app, session, keeper);
  return {
    state: () => session.state(),
    [Symbol.asyncDispose]: async () => {
      await keeper[Symbol.asyncDispose]();
      await session[Symbol.asyncDispose]();
    },
  };
}

function registerQuestions(app: FastifyInstance, session: AskSession, keeper: Keeper): void {
  let asked = 0;
  app.post('/api/ask', async (request, reply) => {
    const question = parse(AskedQuestion, request.body);
    if (keeper.state.is === 'running') throw new RequestError('NOT_READY', 'The run is being brought up to date.');
    if (asked >= MAX_QUESTIONS) throw new RequestError('QUEUE_FULL', 'Other questions are being answered. Try again.');
    asked++;
    try {
      const start = performance.now();
      const bytes = await withMessages(async () => answer(await session.asker(), question, goneSignal(reply)));
      const took = (performance.now() - start).toFixed(1);
      return await reply
        .header('server-timing', `ask;dur=${took}`)
        .type('application/octet-stream')
        .send(toBuffer(bytes));
    } finally {
      asked--;
    }
  });
}

function registerKeeping(app: FastifyInstance, session: AskSession, keeper: Keeper): void {
  app.get('/api/ask/keep', () => keeper.currentState());
  app.post('/api/ask/keep', async (request, reply) => {
    const { question, ...as } = parse(KeptQuestion, request.body);
    const state = await withMessages(async () => {
      const asker = await session.asker();
      const found = await toFound(asker, question);
      return await keeper.keep({ ...as, found });
    });
    return await reply.code(state.is === 'running' ? 202 : 200).send(state);
  });
  app.post('/api/ask/dismiss', () => keeper.dismiss());
  app.post('/api/ask/take-back', async (_, reply) => {
    return await reply.code(202).send(await withMessages(() => keeper.takeBack()));
  });
}

async function answer(asker: Asker, question: AskedQuestion, signal: AbortSignal): Promise<Uint8Array> {
  const ontology =
    'prompts' in question
      ? toOntology(question.prompts, asker.run.ontology)
      : toOntologyOfLike(await toLike(asker, question));
  return encodePack(await asker.ask(ontology, signal));
}

async function toFound(asker: Asker, question: AskedQuestion): Promise<Wanted['found']> {
  if ('like' in question) return { like: await toLike(asker, question) };
  const ontology = toOntology(question.prompts, asker.run.ontology);
  await asker.assertFits(ontology);
  return { prompts: ontology.classes.map(({ name }) => name) };
}

async function toLike(asker: Asker, { like }: Extract<AskedQuestion, { like: unknown }>): Promise<LikeThis> {
  const [x1, y1, x2, y2] = like.box;
  return { image: await asker.imageOf(like.image), box: [x1, y1, x2, y2] as unknown as LikeThis['box'] };
}

/** @throws RequestError REQUEST_INVALID naming the first field that is wrong */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = firstProblem(result.error.issues);
  const pointer = `/${path.join('/')}`;
  const isSentence = message.endsWith('.'); // about what people type; the rest is of programs alone
  const detail = isSentence ? message : `The request is not valid: ${path.join('.')}: ${message}.`;
  throw new RequestError('REQUEST_INVALID', detail, { errors: [{ pointer, detail: message }] });
}

/** Of what may have two forms, the problem is that of the form which fits better. */
function firstProblem([issue]: readonly z.core.$ZodIssue[]): { path: readonly PropertyKey[]; message: string } {
  if (issue?.code !== 'invalid_union') return issue!;
  const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
  if (closest === undefined) return issue;
  const { path, message } = firstProblem(closest);
  return { path: [...issue.path, ...path], message };
}

/** Whoever asks is at this machine or has its key: every reason is shown. */
async function withMessages<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestError || !(error instanceof PreannotateError)) throw error;
    const { code, clientHint, hint } = error;
    const message = messageOf(error).replaceAll('/ontology: ', '').replaceAll('\n', ' ');
    throw new RequestError(code, `${message} ${clientHint ?? hint}`.trim());
  }
}
