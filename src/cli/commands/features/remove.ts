import { RemoveFeaturesConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { counted, printable } from '../../../core/text.js';
import { formatBytes } from '../../../progress/download.js';
import { printJson } from '../../output.js';
import type { FeaturesSubcommand } from './subcommand.js';

export const removeCommand: FeaturesSubcommand<typeof RemoveFeaturesConfig> = {
  name: 'rm',
  alias: 'remove',
  description: 'Remove stored features: all, or those of a model, or unused ones. Asks for no confirmation.',
  notes: `
Examples:
  preannotate features rm features
  preannotate features rm features --model google/owlvit-base-patch32
  preannotate features rm features --older-than 30d

Files of others in the folder are left alone. Features that a run needs later are computed again.`,
  schema: RemoveFeaturesConfig,
  action: async (folder, { featuresModel: model, olderThan: unusedForMs, json, quiet }) => {
    const { removeFeatures } = await import('../../../features/remove-features.js');
    const removed = await removeFeatures(folder, {
      ...(model === undefined ? {} : { model }),
      ...(unusedForMs === undefined ? {} : { unusedForMs }),
    });
    if (removed === undefined) throw unknownModelError(folder, model!);
    const { models, images, freedBytes } = removed;
    if (json) printJson({ folder, models, images, freed_bytes: freedBytes });
    else if (!quiet) {
      const what = `the features of ${counted(images, 'image')} (${formatBytes(freedBytes)})`;
      process.stdout.write(`Removed ${what} from ${printable(folder)}.\n`);
    }
  },
};

function unknownModelError(folder: string, model: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${printable(folder)} has no features of ${printable(model)}.`,
    hint: `List what it has: preannotate features info ${printable(folder)}`,
  });
}
