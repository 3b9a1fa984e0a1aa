import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { ReviewConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { untilAborted } from '../../../core/stream.js';
import type { ReviewLink } from '../../../review/serve-review.js';
import { assertHoldsRun, type ShowRun } from '../../../run/open-run.js';
import { stopOnSignals, type Stop } from '../../../server/stop.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { printJson } from '../../output.js';
import { fetchSettingsOf } from '../../../jobs/remote-settings.js';
import { withShownSelection } from '../../../jobs/shown-selection.js';
import { takeOverRuleOf } from '../../../jobs/take-over-rule.js';
import { openInBrowser } from './open-in-browser.js';

const RECEIVE_TIMEOUT_SEC = 30;

const EXAMPLES = `
Examples:
  preannotate review annotations --open
  preannotate review annotations --images-root /data/photos --author mira
  preannotate review annotations --import corrected --author mira
  preannotate review annotations --host 0.0.0.0 --port 8443 --api-key-file keys.txt

Prints the link of a page that shows the images of a run with their boxes, to accept and to correct them. What people
decide is saved in review.jsonl at once; \`preannotate export\` writes it into annotation files. Stop with Ctrl-C.
For scripts, --quiet --json prints the link and nothing else.`;

const REFERENCE: Reference = {
  files: { '<out-dir>/review.jsonl': 'decisions of people, a line each' },
  environment: ['options', 'keys', 's3'],
};

type Settings = Loaded<typeof ReviewConfig>['settings'];

export function defineReview(command: Command): Command {
  command.action(async (folder: string) => {
    const stop = stopOnSignals();
    try {
      await review(resolve(folder), await loadCommand(command, ReviewConfig), stop.signal);
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
      process.exitCode = (error as Stop).exitCode; // stopped before it was ready
    }
  });
  return addHelpNotes(addFlags(command, ReviewConfig), EXAMPLES, REFERENCE);
}

async function review(outDir: string, loaded: Loaded<typeof ReviewConfig>, stop: AbortSignal): Promise<void> {
  const { settings } = loaded;
  await assertHoldsRun(outDir); // so that no lock is made in a folder that holds no run
  const { author = loginName(), import: imported } = settings;
  if (imported !== undefined) {
    const { importLabels } = await import('./import.js');
    await importLabels({ outDir, path: imported, author, stop }, loaded);
    return;
  }
  // Other commands start sooner because they do not load the server.
  const { isLocal, loadApiKeys } = await import('../../../http/auth.js');
  const { openRerun } = await import('../rerun/rerun.js');
  const { serveReview } = await import('../../../review/serve-review.js');
  const progress = createProgress(settings);
  const note = (message: string) => progress.note(message);
  const apiKeys = await loadApiKeys(settings.apiKeyFile, process.env['PREANNOTATE_API_KEYS']);
  if (!isLocal(settings) && apiKeys.length === 0) throw keyNeededError(settings.host);
  let opened: Promise<AsyncDisposable> | undefined;
  const onReady = (ready: ReviewLink) => {
    report(ready, settings, note);
    if (!settings.open) return;
    const folder = join(outDir, '.preannotate');
    opened = openInBrowser(ready.link, { folder, note });
  };
  const { imagesRoot } = settings;
  const show: ShowRun = (run) => withShownSelection(run, loaded);
  const target = { outDir, imagesRoot, author, show, takeOver: takeOverRuleOf(loaded), fetch: fetchSettingsOf(loaded) };
  const job = { ...target, apiKeys, listen: toListenOptions(settings), rerun: await openRerun(outDir, settings) };
  const serving = serveReview(job, { stop, note, onReady });
  try {
    await (stop.aborted ? untilAborted(serving, stop) : serving);
  } finally {
    await (await opened)?.[Symbol.asyncDispose]();
  }
}

function toListenOptions({ host, port, allowedHosts, tlsCert, tlsKey }: Settings) {
  return {
    ...{ host, port, receiveTimeoutSec: RECEIVE_TIMEOUT_SEC },
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    ...(tlsCert === undefined ? {} : { tlsCert }),
    ...(tlsKey === undefined ? {} : { tlsKey }),
  };
}

function report(
  { link, networkLink, address, readOnly }: ReviewLink,
  { json, quiet }: Pick<Settings, 'json' | 'quiet'>,
  note: (message: string) => void,
): void {
  if (json) printJson({ link, network_link: networkLink ?? null, address, read_only: readOnly ?? null });
  else if (!quiet) process.stdout.write(`${link}\n`);
  if (networkLink !== undefined) note(describeNetwork(networkLink));
  if (readOnly !== undefined) note(`Read-only: ${readOnly}`);
}

function describeNetwork(link: string): string {
  return (
    `On other machines: ${link}, or another name or address of this machine. ` +
    'Opened without the token, the page asks for a user and a password: give any user, and an API key as the password.'
  );
}

/** Some accounts of containers have no name. */
function loginName(): string {
  try {
    return userInfo().username || 'unknown';
  } catch {
    return 'unknown';
  }
}

function keyNeededError(host: string): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: `--host ${host} lets other machines in, so API keys are needed.`,
    hint: 'Give --api-key-file, or PREANNOTATE_API_KEYS; or leave --host out, and reach this machine by `ssh -L`.',
  });
}
