import { printable } from '../../core/text.js';
import { untilAborted } from '../../core/stream.js';
import type { Engine } from '../../workers/engine.js';
import { traitsOf } from '../../model/families.js';
import { assertPromptsFit } from '../../workers/queries/tokenise.js';
import { describeExamples } from '../../workers/queries/describe-examples.js';
import { describeInput, type EngineInput, type EngineUse } from '../../workers/start-engine.js';
import { queueName } from '../keys.js';
import { connectToQueue } from '../redis/connection.js';
import { waitAtMost } from '../redis/wait-at-most.js';
import { runKeyOf } from '../run-key.js';
import { QueueEngine } from './queue-engine.js';
import { endRun, removeRun } from './remove-run.js';
import { consume, RunConnections } from './run-connections.js';
import { describeRun, readRunId, type QueuedJob } from './run-entry.js';
import { describeWorkerCommand } from './worker-command.js';
import { WorkersSeen } from './workers-seen.js';

/** A Redis that does not answer by then keeps the keys of the run: its next attempt removes them. */
const REMOVE_MS = 4000;

/**
 * Starts an engine whose work is done by `preannotate worker` on other machines: registers the run in the Redis, and
 * removes what an earlier attempt left there. The caller has the lock of the output folder, so there is no other
 * producer.
 *
 * @throws PreannotateError QUEUE_UNREACHABLE, ONTOLOGY_INVALID; the signal's reason
 */
export async function startQueueEngine(job: QueuedJob, input: EngineInput, use: EngineUse): Promise<Engine> {
  const { ontology, places, allowTruncate } = job;
  await assertPromptsFit({ ontology, model: input.model, places, allowTruncate });
  const connection = await connectToQueue(job.queue, use.signal);
  connection.warnings.forEach(use.warn);
  for (const each of describeInput(job, input.model)) use.note(each);
  const connections = await RunConnections.over(connection, use.note);
  try {
    const id = await readRunId(job.outDir);
    await untilAborted(removeRun(connections, id), use.signal);
    return await beginRun(id, { connections, job, input, use });
  } catch (error) {
    await connections[Symbol.asyncDispose]();
    throw error;
  }
}

interface RunParts {
  readonly connections: RunConnections;
  readonly job: QueuedJob;
  readonly input: EngineInput;
  readonly use: EngineUse;
}

/** Hands the run out. What it has in the Redis is removed if that fails. */
async function beginRun(id: string, { connections, job, input, use }: RunParts): Promise<Engine> {
  const { note, warn, signal } = use;
  const { ontology, places } = job;
  const { connection, watch } = connections;
  const { description, registration } = describeRun(job, input, runKeyOf(job.version, job, input.model));
  const name = queueName(id, description.key);
  const events = connections.openEvents(name);
  const traits = traitsOf(input.model.checkpoint);
  const engine = new QueueEngine({
    patches: traits.patches(traits.inputSize(job.worker.imageSize)),
    ...{ id, connection, queue: connections.openQueue(name), events, registration, description, ontology, note },
    workers: new WorkersSeen({ note, startCommand: describeWorkerCommand(connection, job, input) }),
    onRefused: (error) => watch.refused(error),
    close: async () => {
      await waitAtMost(REMOVE_MS, endRun(connections, id));
      await connections[Symbol.asyncDispose]();
    },
  });
  try {
    await untilAborted(engine.ready(), signal);
    consume(events);
    await untilAborted(engine.begin(), signal);
    note(
      `Images go to workers through the Redis at ${connection.name}, as run ${id} (${printable(registration.name)}).`,
    );
    const examples = await untilAborted(engine.prepare(ontology, { signal }), signal);
    for (const { text, isDoubtful } of describeExamples(examples, places)) (isDoubtful ? warn : note)(text);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}
