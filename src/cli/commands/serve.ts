import { Command } from 'commander';
import { destination, pino } from 'pino';
import { loadSettings, type Loaded } from '../../config/load.js';
import { ServeConfig } from '../../config/schema.js';
import { isLocal, loadApiKeys } from '../../server/http/auth.js';
import { serve } from '../../server/serve.js';
import type { ServeJob } from '../../server/request/server-state.js';
import { requireValidHosts } from '../../server/request/fetch/url-policy.js';
import { assertOptimizerAvailable } from '../../workers/devices/choose-devices.js';
import { addFlags, readGivenFlags } from '../flags.js';
import { VERSION } from '../version.js';
import { createEngineJob } from './engine-job.js';

const EXAMPLES = `
Examples:
  preannotate serve --model builtin:emoji --ontology ontologies/emoji.yaml
  curl -F image=@photo.jpg http://localhost:8000/predict
  preannotate serve --host 0.0.0.0 --api-key-file keys.txt --device cuda:0,cuda:1 --max-batch-size 16

Prints its address when ready; logs go to stderr. On SIGTERM and SIGINT, requests in flight finish (exit code 0).`;

/** Images from untrusted clients get less time than files of a batch run. */
const STAGE_TIMEOUT_SEC = 5;

/** For a whole fetch of an image_url; well below the deadline of a request. */
const FETCH_TIMEOUT_MS = 5000;
const MAX_REDIRECTS = 5;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Answer over HTTP: POST /predict with an image gives its boxes. /docs lists the rest.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = readGivenFlags(command, ServeConfig);
      const loaded = await loadSettings({ schema: ServeConfig, flags, environment: process.env, cwd: process.cwd() });
      const job = await createJob(loaded);
      warnIfOpen(job);
      process.exitCode = await serve(job, (address) => {
        process.stdout.write(`preannotate serves ${job.settings.model} at ${address}\n`);
      });
    });
  return addFlags(command, ServeConfig);
}

async function createJob(loaded: Loaded<typeof ServeConfig>): Promise<ServeJob> {
  const { settings } = loaded;
  const { LABEL_STUDIO_API_KEY: labelStudioApiKey, PREANNOTATE_API_KEYS: apiKeys } = process.env;
  assertOptimizerAvailable(settings.optimizer);
  requireValidHosts(settings.allowHost);
  const job = await createEngineJob(loaded);
  const maxDetections = Math.max(job.worker.maxDetections, settings.maxDetections);
  const level = settings.quiet ? 'error' : settings.verbose ? 'debug' : settings.logLevel;
  return {
    ...job,
    worker: { ...job.worker, maxDetections, stageTimeoutSec: STAGE_TIMEOUT_SEC },
    version: VERSION,
    settings,
    urls: {
      enabled: settings.url,
      allowHosts: settings.allowHost,
      allowPrivate: settings.allowPrivate,
      maxBytes: settings.maxBytes,
      timeoutMs: FETCH_TIMEOUT_MS,
      maxRedirects: MAX_REDIRECTS,
    },
    ...(labelStudioApiKey === undefined ? {} : { labelStudioApiKey }),
    apiKeys: await loadApiKeys(settings.apiKeyFile, apiKeys),
    log: pino({ level, base: null }, destination({ dest: 2, sync: true })), // so that a crash loses no line
  };
}

function warnIfOpen({ settings, apiKeys, log }: ServeJob): void {
  if (isLocal(settings) || apiKeys.length > 0) return;
  log.warn(
    `Listening on ${settings.host} without an API key: every client that can reach it can use it. See --api-key-file.`,
  );
}
