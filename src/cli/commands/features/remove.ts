import { RemoveFeaturesConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { counted, formatBytes, printable, quoteForShell } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';
import { printFailure, printJson } from '../../output.js';
import type { FeaturesSubcommand } from './subcommand.js';

const NOT_REMOVED_EXIT_CODE = 3;

export const removeCommand: FeaturesSubcommand<typeof RemoveFeaturesConfig> = {
  name: 'rm',
  alias: 'remove',
  description: 'Remove stored features: all, or those of a model, or unused ones. Asks for no confirmation.',
  notes: `
Examples:
  preannotate features rm features
  preannotate features rm features --model google/owlvit-base-patch32
  preannotate features rm features --older-than 30d

--model takes a name, or a key, as info lists them. Other files in the folder are left alone. Features that a run needs
later are computed again. The exit code is 3 if something could not be removed.`,
  schema: RemoveFeaturesConfig,
  action: async (folder, { featuresModel: model, olderThan: unusedForMs, json, quiet }) => {
    const { removeFeatures } = await import('../../../features/remove-features.js');
    const removed = await removeFeatures(folder, {
      ...(model === undefined ? {} : { model }),
      ...(unusedForMs === undefined ? {} : { unusedForMs }),
    });
    if (removed === undefined) throw unknownModelError(folder, model!);
    const { models, images, freedBytes, notRemoved } = removed;
    if (notRemoved.length > 0) process.exitCode = NOT_REMOVED_EXIT_CODE;
    if (json) {
      printJson({ folder, models, images, freed_bytes: freedBytes, not_removed: notRemoved });
      return;
    }
    for (const { path, problem } of notRemoved) {
      const message = `${printable(path)} was not removed: ${printable(problem)}`;
      printFailure({ code: 'WRITE_FAILED', message, hint: '' });
    }
    if (!quiet) {
      const what = `the features of ${counted(images, 'image')} (${formatBytes(freedBytes)})`;
      process.stdout.write(`Removed ${what} from ${printable(folder)}.\n`);
    }
  },
};

function unknownModelError(folder: string, model: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${printable(folder)} has no features of a model or key ${printable(model)}.`,
    hint: `List what it has: preannotate features info ${quoteForShell(displayPath(folder))}`,
  });
}
