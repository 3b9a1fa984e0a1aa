import { formatBytes } from '../../../core/text.js';
import { PullConfig } from '../../../config/schema.js';
import { formatHubReference } from '../../../hub/reference.js';
import { pullModel } from '../../../hub/repository.js';
import { BUILTIN } from '../../../model/source.js';
import { createProgress } from '../../create-progress.js';
import { abortOnSignals } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { parseCachedReference } from './cached-reference.js';
import type { ModelsContext, Subcommand } from './subcommand.js';

const OUTCOME = 'What has been downloaded is kept; the same command continues from there.';

export const pullCommand: Subcommand<typeof PullConfig> = {
  name: 'pull',
  argument: '<ref>',
  description:
    'Fetch a model, or its new, missing or damaged files. Other commands use a branch as it was last pulled: ' +
    'pull again to update.',
  examples: ['models pull google/owlvit-base-patch32', 'models pull google/owlvit-base-patch32@refs/pr/4'],
  schema: PullConfig,
  action: (reference, context) => pull(reference!, context),
};

async function pull(reference: string, { settings, environment }: ModelsContext<typeof PullConfig>): Promise<void> {
  if (reference === BUILTIN.reference) {
    if (settings.json) printJson({ reference, path: BUILTIN.folder, files: [] });
    else if (!settings.quiet) process.stdout.write(`${reference} ships with preannotate: nothing to fetch.\n`);
    return;
  }
  const wanted = parseCachedReference(reference);
  const watcher = createProgress(settings).download();
  const options = { environment, precision: settings.precision, watcher, signal: abortOnSignals(OUTCOME, settings) };
  const pulled = await pullModel(wanted, options).finally(() => watcher.stop());
  const { commit, folder, files } = pulled;
  if (settings.json) {
    const rows = files.map(({ name, digest, sizeBytes, state }) => ({
      name,
      hash: digest,
      size_bytes: sizeBytes,
      state,
    }));
    printJson({ reference, commit, path: folder, files: rows });
  } else if (!settings.quiet) {
    const width = Math.max(...files.map(({ name }) => name.length));
    const rows = files.map(
      (file) => `  ${file.name.padEnd(width)}  ${formatBytes(file.sizeBytes).padStart(9)}  ${file.state}`,
    );
    process.stdout.write([`${formatHubReference(wanted)} is at ${commit}`, ...rows, folder, ''].join('\n'));
  }
}
