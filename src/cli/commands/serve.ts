import { Command } from 'commander';
import { loadSettings } from '../../config/load.js';
import { ServeConfig } from '../../config/schema.js';
import { addFlags, readGivenFlags } from '../flags.js';

const EXAMPLES = `
Examples:
  preannotate serve --model builtin:emoji --ontology ontologies/emoji.yaml
  curl -F image=@photo.jpg http://localhost:8000/predict
  preannotate serve --host 0.0.0.0 --api-key-file keys.txt --device cuda:0,cuda:1 --max-batch-size 16

Prints its address when ready; logs go to stderr. On SIGTERM and SIGINT, requests in flight finish (exit code 0).`;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Answer over HTTP: POST /predict with an image gives its boxes. /docs lists the rest.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = readGivenFlags(command, ServeConfig);
      const loaded = await loadSettings({ schema: ServeConfig, flags, environment: process.env, cwd: process.cwd() });
      // Other commands start sooner because they do not load the server.
      const { createServeJob, warnIfOpen } = await import('./serve-job.js');
      const { serve } = await import('../../server/serve.js');
      const job = await createServeJob(loaded);
      warnIfOpen(job);
      process.exitCode = await serve(job, (address) => {
        process.stdout.write(`preannotate serves ${job.settings.model} at ${address}\n`);
      });
    });
  return addFlags(command, ServeConfig);
}
