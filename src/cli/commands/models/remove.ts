import { counted, formatBytes } from '../../../core/text.js';
import { ModelsConfig } from '../../../config/schema.js';
import { removeModel } from '../../../hub/remove.js';
import { printJson } from '../../output.js';
import { parseCachedReference } from './cached-reference.js';
import type { ModelsContext, Subcommand } from './subcommand.js';

export const removeCommand: Subcommand<typeof ModelsConfig> = {
  name: 'rm',
  alias: 'remove',
  argument: '<ref>',
  description:
    'Remove a model from the cache: all revisions, or only that of org/name@revision. Asks for no confirmation.',
  examples: ['models rm google/owlvit-base-patch16', 'models rm google/owlvit-base-patch32@refs/pr/4'],
  schema: ModelsConfig,
  action: (reference, context) => remove(reference!, context),
};

async function remove(reference: string, { settings, environment }: ModelsContext): Promise<void> {
  const removed = await removeModel(environment.cache, parseCachedReference(reference), !reference.includes('@'));
  const { commits, freedBytes, keptBlobs, folder, staysAs } = removed;
  if (settings.json) {
    printJson({ reference, commits, freed_bytes: freedBytes, kept_files: keptBlobs, stays_as: staysAs, path: folder });
  } else if (staysAs.length > 0 && !settings.quiet) {
    process.stdout.write(`Removed the name ${reference}; the same revision remains as ${staysAs.join(', ')}.\n`);
  } else if (!settings.quiet) {
    const remain = counted(keptBlobs, 'file remains', 'files remain');
    const kept = keptBlobs === 0 ? '' : ` ${remain}: needed by other revisions or models.`;
    const revisions = counted(commits.length, 'revision');
    process.stdout.write(`Removed ${reference} (${revisions}, ${formatBytes(freedBytes)}) from ${folder}.${kept}\n`);
  }
}
