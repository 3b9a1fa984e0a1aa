import { asTyped } from '../../../progress/typed-command.js';
import { join } from 'node:path';
import { ModelsConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { counted } from '../../../core/text.js';
import { listCachedModels, listCommits, referenceOf, type CachedModel } from '../../../hub/inventory.js';
import { findDamage, hasKnownHash, type Damage } from '../../../hub/verify.js';
import { mayHoldModel } from '../../../model/read-checkpoint.js';
import { BUILTIN, findBuiltinDamage } from '../../../model/source.js';
import { printJson } from '../../output.js';
import { parseCachedReference } from './cached-reference.js';
import type { ModelsContext, Subcommand } from './subcommand.js';

export const verifyCommand: Subcommand<typeof ModelsConfig> = {
  name: 'verify',
  argument: '[ref]',
  description:
    'Read every file of a model, or of all models, and compare it with its hash. Exit code 2 if one is damaged.',
  examples: ['models verify', 'models verify google/owlvit-base-patch32'],
  schema: ModelsConfig,
  action: verify,
};

async function verify(reference: string | undefined, { settings, environment }: ModelsContext): Promise<void> {
  const models = reference === BUILTIN.reference ? [] : await modelsToVerify(reference, environment.cache);
  const found: Awaited<ReturnType<typeof verifyModel>>[] = [];
  if (reference === undefined || reference === BUILTIN.reference) {
    const damage = await findBuiltinDamage();
    found.push({ reference: BUILTIN.reference, files: 1, damages: damage === undefined ? [] : [damage], unknown: 0 });
  }
  for (const model of models) found.push(await verifyModel(model));
  const isDamaged = found.some(({ damages }) => damages.length > 0);
  if (isDamaged) process.exitCode = 2;
  const rows = found.map((row) => ({
    ...row,
    repair: row.damages.length === 0 ? undefined : repairHint(row.reference),
  }));
  if (settings.json) {
    printJson({ intact: !isDamaged, models: rows });
    return;
  }
  if (settings.quiet && !isDamaged) return;
  const lines = rows.flatMap(({ reference: name, files, damages, unknown, repair }) => [
    `${name}: ${formatVerdict({ files, damages, unknown })}`,
    ...damages.flatMap(({ path, algorithm, expected, found: is }) => [
      `  ${path}`,
      `    ${algorithm} should be ${expected}`,
      `    and is ${is}`,
    ]),
    ...(repair === undefined ? [] : [`  ${repair}`]),
  ]);
  process.stdout.write(asTyped(`${lines.join('\n')}\n`));
}

function formatVerdict({
  files,
  damages,
  unknown,
}: {
  files: number;
  damages: readonly Damage[];
  unknown: number;
}): string {
  if (damages.length > 0) return `${damages.length} of ${files} files are damaged`;
  if (unknown === files) return 'not checked: the cache holds copies, whose hashes are unknown';
  const intact = files - unknown;
  const known = `${counted(intact, 'file is', 'files are')} intact`;
  return unknown === 0 ? known : `${known}, ${unknown} of unknown hash`;
}

/** @returns `unknown` counts files of unknown hash: copies, in a cache without links. */
async function verifyModel(model: CachedModel) {
  const damages: Damage[] = [];
  let unknown = 0;
  for (const name of model.files) {
    if (!(await hasKnownHash(join(model.folder, name)))) unknown++;
    const damage = await findDamage(join(model.folder, name), true);
    if (damage !== undefined) damages.push(damage);
  }
  return { reference: referenceOf(model), files: model.files.length, damages, unknown };
}

async function modelsToVerify(reference: string | undefined, cache: string): Promise<CachedModel[]> {
  if (reference === undefined) {
    const cached = await listCachedModels(cache);
    const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
    return cached.filter((_, i) => known[i]);
  }
  const { repo, revision } = parseCachedReference(reference);
  const all = await listCommits(cache, repo);
  const wanted = all.filter(({ commit, revisions }) => commit === revision || revisions.includes(revision));
  if (wanted.length > 0) return wanted;
  throw new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${reference} is not in ${cache}.`,
    hint: `Fetch it: preannotate models pull ${reference}`,
  });
}

function repairHint(reference: string): string {
  return reference === BUILTIN.reference ? 'Reinstall preannotate.' : `Repair: preannotate models pull ${reference}`;
}
