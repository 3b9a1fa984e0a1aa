import { basename } from 'node:path';
import { displayPath } from '../../disk/display-path.js';
import { printable } from '../../core/text.js';
import type { ImageChoice } from '../choose-images.js';
import { PreannotateError } from '../../core/errors.js';
import { listPartFolders, wholeFolder } from './find-parts.js';

/**
 * @param outDir - Of a run without --shard in which nothing was annotated before.
 * @throws PreannotateError USAGE where it has parts, which the run would annotate again
 */
export async function assertNoParts(outDir: string): Promise<void> {
  const [part] = await listPartFolders(outDir);
  if (part === undefined) return;
  const shown = printable(displayPath(outDir));
  throw new PreannotateError({
    code: 'USAGE',
    message: `${shown}/shards has results of \`run --shard\`, which a run without it does not use.`,
    hint:
      `To annotate a part, add --shard as in ${printable(basename(part).replace('-of-', '/'))}; to join the parts, ` +
      `use \`preannotate merge ${shown}\`; to annotate all images here, name another folder with --out, or give ` +
      '--restart.',
  });
}

/**
 * What to know about the parts that are in an output folder.
 *
 * @param outDir - Of the run: the folder of its part, where it has one.
 * @param isFirst - Whether nothing was annotated in it before.
 */
export async function describeParts(outDir: string, { shard }: ImageChoice, isFirst: boolean): Promise<string[]> {
  if (shard === undefined) return isFirst ? await describeUnmerged(outDir) : [];
  const whole = wholeFolder(outDir);
  const names = (await listPartFolders(whole)).map((folder) => basename(folder));
  const others = names.filter((name) => !name.endsWith(`-of-${shard.count}`));
  if (others.length === 0) return [];
  return [
    `${printable(displayPath(whole))} has parts of another number too (${printable(others[0]!)}): ` +
      `\`preannotate merge\` joins parts of one number only.`,
  ];
}

async function describeUnmerged(outDir: string): Promise<string[]> {
  const parts = await listPartFolders(outDir);
  if (parts.length === 0) return [];
  const shown = printable(displayPath(outDir));
  return [
    `${shown}/shards has results of runs with --shard, which this run does not use: it annotates all images. ` +
      `\`preannotate merge ${shown}\` joins them.`,
  ];
}
