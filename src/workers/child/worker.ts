/** The child process: opens a model on one device, then answers the parent's messages until it receives `stop`. */
import { messageOf, PreannotateError, type Failure } from '../../core/errors.js';
import { openResizer } from '../../images/resize/resizer.js';
import { Graph } from '../../onnx/graph.js';
import { Detector } from '../../model/detector.js';
import { ExampleEncoder } from '../../model/example-encoder.js';
import type { QueryBank } from '../../model/query-groups.js';
import { openSession } from '../../model/session.js';
import { InferenceLoop } from './inference-loop.js';
import { encodeExamples, type ExampleParts } from './encode-examples.js';
import { ImagePreparer } from './image-preparer.js';
import { KeptFeatures } from './kept-features.js';
import { StoredPreparer } from './stored-preparer.js';
import { findStoredExamples } from './stored-examples.js';
import { STAGE_TIMEOUT_SECONDS } from './stage-timeout.js';
import type { Encoded, FromWorker, ToEncode, ToWorker, WorkerSettings } from '../protocol.js';

interface Opened extends ExampleParts {
  readonly settings: WorkerSettings;
  readonly detector: Detector;
  readonly loop: InferenceLoop;
  readonly kept: KeptFeatures | undefined;
}

/** Between heartbeats. With stored features there would be several a millisecond, each of which wakes the parent. */
const HEARTBEAT_MS = 100;

const queryBanks = new Map<string, QueryBank>();
let opened: Opened | undefined;
let heartbeatAt = -HEARTBEAT_MS;
let isAsked = false; // for anything
let lastEncoding: Promise<void> = Promise.resolve(); // one at a time: each holds the text encoder in memory

// Ctrl-C reaches the whole process group; the parent decides what is finished and then stops its workers.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The parent is gone. An orderly exit would wait for a decode that may never end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (message: ToWorker) => {
  handle(message).catch((error: unknown) => {
    if (message.type === 'open') send({ type: 'open-failed', failure: toFailure(error) });
    else throw error; // ends the process; the parent sees a crash
  });
});

// A process that was started ahead of need does meanwhile what any model takes. What fails then fails again, and is
// reported, when one is opened.
setImmediate(() => {
  if (!isAsked) warmUp().catch(() => {});
});

async function handle(message: ToWorker): Promise<void> {
  isAsked = true;
  switch (message.type) {
    case 'open':
      opened = await open(message);
      return;
    case 'encode':
    case 'encode-examples':
      lastEncoding = lastEncoding.then(() => answerEncoding(message));
      return;
    case 'queries':
      queryBanks.set(message.key, message);
      return;
    case 'forget-queries':
      queryBanks.delete(message.key);
      return;
    case 'detect': {
      const images = message.images.map(({ source, queriesKey }) => ({ source, queries: requireQueries(queriesKey) }));
      requireOpened().loop.add({ id: message.id, images });
      return;
    }
    case 'cancel':
      opened?.loop.cancel(message);
      return;
    case 'stop':
      await opened?.kept?.[Symbol.asyncDispose]();
      process.send?.({ type: 'heartbeat' } satisfies FromWorker, () => process.exit(0)); // after all before it
  }
}

/** Has ONNX Runtime start, by a small graph. */
async function warmUp(): Promise<void> {
  const graph = new Graph();
  graph.output('one', graph.floats([1]), { type: 'float32', shape: [1] });
  const session = await openSession(graph.toBytes(), { device: { provider: 'cpu' }, threads: 1, weightsFolder: '' });
  await session.release();
}

async function open({ device, settings }: Extract<ToWorker, { type: 'open' }>): Promise<Opened> {
  const detector = await Detector.open({ device, ...settings });
  const { inputSize } = detector;
  const resizer = openResizer(detector.fit, inputSize);
  const { features } = settings;
  const { stageTimeoutSec: readingLimitSec = STAGE_TIMEOUT_SECONDS } = settings;
  const kept =
    features &&
    (await KeptFeatures.open(features, { device, layout: detector.features.layout, send, readingLimitSec }));
  const preparer =
    kept !== undefined && features?.storedOnly === true
      ? new StoredPreparer({ kept, tiles: settings.tiles })
      : new ImagePreparer({
          ...{ resizer, inputSize, kept },
          settings: { ...settings, folder: settings.imageFolder },
        });
  send({ type: 'ready' });
  const loop = new InferenceLoop({ detector, preparer, settings, kept, send });
  const openEncoder = () => ExampleEncoder.open({ ...settings, size: inputSize });
  const { tiles: _, ...whole } = settings; // an example is seen as a whole
  const examplePreparer = new ImagePreparer({
    resizer,
    inputSize,
    settings: { ...whole, folder: settings.exampleFolder },
  });
  return { settings, detector, loop, kept, preparer: examplePreparer, openEncoder, send };
}

async function answerEncoding({ id, ...what }: ToEncode & { readonly id: number }): Promise<void> {
  try {
    send({ type: 'encoded', id, ...(await encode(what)) });
  } catch (error) {
    send({ type: 'encode-failed', id, failure: toFailure(error) });
  }
}

async function encode(what: ToEncode): Promise<Encoded> {
  const { settings, detector, kept, ...parts } = requireOpened();
  if (what.type === 'encode-examples') {
    if (kept === undefined || settings.features?.storedOnly !== true) return encodeExamples(what.examples, parts);
    return findStoredExamples(what.examples, { ...settings, detector, kept, tiles: settings.tiles });
  }
  return { embeddings: await detector.encode(what.tokenIds), choices: [], failures: [] };
}

function requireOpened(): Opened {
  if (opened === undefined) throw new Error('a message came before the model was open. This is a bug.');
  return opened;
}

function requireQueries(key: string): QueryBank {
  const queries = queryBanks.get(key);
  if (queries === undefined) throw new Error(`no queries "${key}" were sent. This is a bug.`);
  return queries;
}

function send(message: FromWorker): void {
  if (message.type === 'heartbeat') {
    const now = performance.now();
    if (now - heartbeatAt < HEARTBEAT_MS) return;
    heartbeatAt = now;
  }
  process.send?.(message, undefined, undefined, () => {}); // a parent that is gone is seen by 'disconnect'
}

function toFailure(error: unknown): Failure {
  if (error instanceof PreannotateError) return error.toFailure();
  return {
    code: 'MODEL_INVALID',
    message: `The model cannot be used: ${messageOf(error)}`,
    hint: 'Run with --verbose for more, and check the checkpoint.',
  };
}
