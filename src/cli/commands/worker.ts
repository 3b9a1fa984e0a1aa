import { resolve } from 'node:path';
import type { Command } from 'commander';
import { pickSettings, type Loaded } from '../../config/load.js';
import { WorkerConfig } from '../../config/schema.js';
import { PreannotateError } from '../../core/errors.js';
import { createProgress } from '../create-progress.js';
import type { WorkerJob } from '../../queue/worker/serve-runs.js';
import { addFlags, loadCommand } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { abortOnSignals } from '../interrupt.js';
import { VERSION } from '../../disk/version.js';
import { queueOf } from '../../jobs/queue-of.js';
import { fetchSettingsOf } from '../../jobs/remote-settings.js';

const EXAMPLES = `
Examples:
  preannotate worker --queue redis://queue-host:6379 --root /data/photos
  PREANNOTATE_QUEUE=rediss://user:password@queue-host:6380 preannotate worker --root /data --device cuda
  preannotate worker --queue redis://queue-host:6379 --root /data --exit-when-idle 10m
  preannotate worker --queue redis://queue-host:6379 --allow-host '*.example.org' --allow-host s3://bucket

Takes the images of every \`preannotate run --queue\` with the same address. It needs the same version of
preannotate, the images under the same paths, and finds or downloads the model of each run itself. SIGTERM and
SIGINT give back what is not finished (exit codes 143 and 130). Start as many as there are machines.`;

const REFERENCE: Reference = {
  exits: { 130: 'stopped by Ctrl-C', 143: 'stopped by SIGTERM' },
  environment: ['options', 'queue', 'hub', 's3', 'cuda'],
};

const OUTCOME = 'What is not finished is given back to the queue.';

export function defineWorker(command: Command): Command {
  command.action(async () => {
    const loaded = await loadCommand(command, WorkerConfig);
    const job = toWorkerJob(loaded);
    const progress = createProgress(loaded.settings);
    const { serveRuns } = await import('../../queue/worker/serve-runs.js');
    using watcher = progress.download();
    await serveRuns(
      job,
      { note: (message) => progress.note(message), watcher },
      abortOnSignals(OUTCOME, loaded.settings),
    );
  });
  return addHelpNotes(addFlags(command, WorkerConfig), EXAMPLES, REFERENCE);
}

/** @throws PreannotateError USAGE without a queue, or without anything that may be read */
function toWorkerJob(loaded: Loaded<typeof WorkerConfig>): WorkerJob {
  const { settings } = loaded;
  const { queue } = queueOf(settings);
  if (queue === undefined) {
    throw new PreannotateError({
      code: 'USAGE',
      message: 'It is not known where the queue is.',
      hint: 'Give --queue redis://host:6379, or set PREANNOTATE_QUEUE.',
    });
  }
  if (settings.roots.length + settings.allowHost.length === 0) {
    throw new PreannotateError({
      code: 'USAGE',
      message: 'Without --root and --allow-host, a worker may read no image.',
      hint:
        'Give the folder of the images as --root /data/photos, or for images on the web or in S3, their hosts as ' +
        '--allow-host example.org or --allow-host s3://bucket.',
    });
  }
  return {
    version: VERSION,
    queue,
    roots: settings.roots.map((root) => resolve(root)),
    allowHosts: settings.allowHost,
    fetch: fetchSettingsOf(loaded),
    devices: settings.devices,
    placement: pickSettings(settings, ['workersPerDevice', 'threads', 'maxBatchSize']),
    optimizer: settings.optimizer,
    ...(settings.exitWhenIdle === undefined ? {} : { exitWhenIdleMs: settings.exitWhenIdle }),
  };
}
