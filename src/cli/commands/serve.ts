import type { Command } from 'commander';
import { ServeConfig } from '../../config/schema.js';
import { untilAborted } from '../../core/stream.js';
import type { ServeJob } from '../../server/request/server-state.js';
import { stopOnSignals, type Stop } from '../../server/stop.js';
import { addFlags, loadCommand } from '../flags.js';
import { isLogForPeople } from '../serve-log.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';

const EXAMPLES = `
Examples:
  preannotate serve --model builtin:emoji --ontology emoji
  curl -F image=@photo.jpg http://localhost:8000/predict
  preannotate serve --host 0.0.0.0 --api-key-file keys.txt --device cuda:0,cuda:1 --max-batch-size 16

Prints its address when ready; logs go to stderr. On SIGTERM and SIGINT, requests in flight finish (exit code 0).`;

const REFERENCE: Reference = {
  files: { './preannotate.yaml': 'settings, read where it exists (see --config)' },
  environment: ['options', 'keys', 'hub', 'labelStudio', 'cuda'],
};

export function defineServe(command: Command): Command {
  command.action(async () => {
    const stop = stopOnSignals();
    try {
      const job = await untilAborted(createJob(command), stop.signal);
      const { serve } = await import('../../server/serve.js');
      const onReady = (address: string) => {
        if (job.settings.quiet) return;
        const links = isLogForPeople(job.settings.logFormat) ? formatLinks(address, job) : '';
        process.stdout.write(`preannotate serves ${job.settings.model} at ${address}\n${links}`);
      };
      process.exitCode = await serve(job, { stop, onReady });
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
      process.exitCode = (error as Stop).exitCode; // stopped before it was ready
    }
  });
  return addHelpNotes(addFlags(command, ServeConfig), EXAMPLES, REFERENCE);
}

/** Where a person goes on from here. */
function formatLinks(address: string, { settings }: ServeJob): string {
  if (!address.startsWith('http')) return ''; // a socket
  const docs = settings.docs ? `  ${address}/docs  how to call it\n` : '';
  return `  ${address}/  try it in a browser\n${docs}  Ctrl-C stops it.\n`;
}

async function createJob(command: Command): Promise<ServeJob> {
  const loaded = await loadCommand(command, ServeConfig);
  // Other commands start sooner because they do not load the server.
  const { createServeJob, logJob } = await import('./serve-job.js');
  const job = await createServeJob(loaded);
  logJob(job);
  return job;
}
