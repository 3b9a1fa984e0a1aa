import { destination, pino } from 'pino';
import type { Loaded } from '../../config/load.js';
import type { ServeConfig } from '../../config/schema.js';
import { PreannotateError } from '../../core/errors.js';
import { isLocal, loadApiKeys } from '../../http/auth.js';
import { requireValidHosts } from '../../net/url-policy.js';
import type { ServeJob } from '../../server/request/server-state.js';
import { assertOptimizerAvailable } from '../../workers/devices/choose-devices.js';
import { VERSION } from '../../disk/version.js';
import { adviseOn } from '../../jobs/advice.js';
import { openServeLog } from '../serve-log.js';
import { createEngineJob } from '../../jobs/engine-job.js';

/** Images from untrusted clients get less time than files of a batch run. */
const STAGE_TIMEOUT_SEC = 5;

/** For a whole fetch of an image_url; well below the deadline of a request. */
const FETCH_TIMEOUT_MS = 5000;
const MAX_REDIRECTS = 5;

/** What `serve` is asked to do, from its settings and the environment. */
export async function createServeJob(loaded: Loaded<typeof ServeConfig>): Promise<ServeJob> {
  const { settings } = loaded;
  const { PREANNOTATE_API_KEYS: apiKeys } = process.env;
  const labelStudioApiKey = readLabelStudioApiKey();
  assertOptimizerAvailable(settings.optimizer);
  requireValidHosts(settings.allowHost);
  const job = await createEngineJob(loaded, { needsOntology: false });
  const maxDetections = Math.max(job.worker.maxDetections, settings.maxDetections);
  const level = settings.quiet ? 'error' : settings.verbose ? 'debug' : settings.logLevel;
  return {
    ...job,
    ...featuresOf(settings),
    worker: { ...job.worker, maxDetections, stageTimeoutSec: STAGE_TIMEOUT_SEC },
    version: VERSION,
    settings,
    advice: adviseOn({ ...job, model: settings.model, canExport: false }),
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
    // Written at once, so that a crash loses no line.
    log: pino({ level, base: null }, openServeLog(settings.logFormat, destination({ dest: 2, sync: true }))),
  };
}

function featuresOf({
  features: folder,
  featuresDtype: dtype,
  featuresMaxBytes: maxBytes,
  featuresWrite,
}: Loaded<typeof ServeConfig>['settings']): Pick<ServeJob, 'features'> {
  if (folder === undefined) return {};
  const limit = maxBytes === undefined ? {} : { maxBytes };
  return { features: { folder, dtype, exact: false, isReadOnly: !featuresWrite, ...limit } };
}

/** @throws PreannotateError CONFIG_INVALID for what cannot be sent in a header */
function readLabelStudioApiKey(): string | undefined {
  const key = process.env['LABEL_STUDIO_API_KEY']?.trim();
  if (key === undefined || key === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: 'LABEL_STUDIO_API_KEY is not a token: it holds spaces, line breaks or characters outside ASCII.',
    hint: 'Copy a token from the account page of Label Studio.',
  });
}

/** Logs what the server finds, with a warning where that was probably meant otherwise or other machines need no key. */
export function logJob({ settings, apiKeys, log, advice, ontologyNotes: [classes, ...doubts] }: ServeJob): void {
  if (classes !== undefined) log.info(classes); // without an ontology there are none to list
  for (const doubt of doubts) log.warn(doubt);
  for (const each of advice) log.info(each);
  if (isLocal(settings) || apiKeys.length > 0) return;
  log.warn(
    `Listening on ${settings.host} without an API key: every client that can reach it can use it. See --api-key-file.`,
  );
}
