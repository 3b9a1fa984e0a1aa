import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import type { PullConfig } from '../../config/schema.js';
import { commitsOf, cachedModels, referenceOf, type CachedModel } from '../../hub/inventory.js';
import { hubReference, textOf } from '../../hub/reference.js';
import { removeModel } from '../../hub/remove.js';
import { pullModel } from '../../hub/repository.js';
import { damageOf, hasKnownHash, type Damage } from '../../hub/verify.js';
import { mayHoldModel } from '../../model/read-checkpoint.js';
import { BUILTIN, findBuiltinDamage, findLocalFolder } from '../../model/source.js';
import { formatBytes, DownloadProgress } from '../../progress/download.js';
import { abortOnSignals } from '../interrupt.js';
import { printJson } from '../output.js';
import type { ModelsContext } from './models.js';

/** Fetches or mends a model. */
export async function pull(
  reference: string,
  { settings, environment }: ModelsContext<typeof PullConfig>,
): Promise<void> {
  if (reference === BUILTIN.reference) {
    if (settings.json) printJson({ reference, path: BUILTIN.folder, files: [] });
    else if (!settings.quiet) process.stdout.write(`${reference} ships with preannotate; there is nothing to fetch.\n`);
    return;
  }
  const wanted = hubOnly(reference);
  const watcher = new DownloadProgress({ stream: process.stderr, quiet: settings.quiet });
  const options = { environment, precision: settings.precision, watcher, signal: abortOnSignals() };
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
    process.stdout.write([`${textOf(wanted)} is at ${commit}`, ...rows, folder, ''].join('\n'));
  }
}

/** Reads files again and compares them with their hashes. */
export async function verify(reference: string | undefined, { settings, environment }: ModelsContext): Promise<void> {
  const models = reference === BUILTIN.reference ? [] : await modelsToVerify(reference, environment.cache);
  const found: Awaited<ReturnType<typeof verified>>[] = [];
  if (reference === undefined || reference === BUILTIN.reference) {
    const damage = await findBuiltinDamage();
    found.push({ reference: BUILTIN.reference, files: 1, damages: damage === undefined ? [] : [damage], unknown: 0 });
  }
  for (const model of models) found.push(await verified(model));
  const isDamaged = found.some(({ damages }) => damages.length > 0);
  if (isDamaged) process.exitCode = 2;
  const rows = found.map((row) => ({ ...row, repair: row.damages.length === 0 ? undefined : repairOf(row.reference) }));
  if (settings.json) {
    printJson({ intact: !isDamaged, models: rows });
    return;
  }
  if (settings.quiet && !isDamaged) return;
  const lines = rows.flatMap(({ reference: name, files, damages, unknown, repair }) => [
    `${name}: ${verdictOf({ files, damages, unknown })}`,
    ...damages.flatMap(({ path, algorithm, expected, found: is }) => [
      `  ${path}`,
      `    ${algorithm} should be ${expected}`,
      `    and is ${is}`,
    ]),
    ...(repair === undefined ? [] : [`  ${repair}`]),
  ]);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function verdictOf({
  files,
  damages,
  unknown,
}: {
  files: number;
  damages: readonly Damage[];
  unknown: number;
}): string {
  if (damages.length > 0) return `${damages.length} of ${files} files are damaged`;
  if (unknown === files) return 'not checked: the cache holds copies, and knows no hash of them';
  const intact = files - unknown;
  const known = intact === 1 ? '1 file is as it should be' : `${intact} files are as they should be`;
  return unknown === 0 ? known : `${known}, of ${unknown} no hash is known`;
}

/** Removes a model from the cache. */
export async function remove(reference: string, { settings, environment }: ModelsContext): Promise<void> {
  const removed = await removeModel(environment.cache, hubOnly(reference), !reference.includes('@'));
  const { commits, freedBytes, keptBlobs, folder, staysAs } = removed;
  if (settings.json) {
    printJson({ reference, commits, freed_bytes: freedBytes, kept_files: keptBlobs, stays_as: staysAs, path: folder });
  } else if (staysAs.length > 0 && !settings.quiet) {
    process.stdout.write(`Removed the name ${reference}; the same revision stays as ${staysAs.join(', ')}.\n`);
  } else if (!settings.quiet) {
    const stay = keptBlobs === 1 ? '1 file stays' : `${keptBlobs} files stay`;
    const kept = keptBlobs === 0 ? '' : ` ${stay}: other revisions or models need them.`;
    const revisions = commits.length === 1 ? '1 revision' : `${commits.length} revisions`;
    process.stdout.write(`Removed ${reference} (${revisions}, ${formatBytes(freedBytes)}) from ${folder}.${kept}\n`);
  }
}

/** @returns `unknown` counts files that the cache knows no hash of: copies, where it holds no links. */
async function verified(model: CachedModel) {
  const damages: Damage[] = [];
  let unknown = 0;
  for (const name of model.files) {
    if (!(await hasKnownHash(join(model.folder, name)))) unknown++;
    const damage = await damageOf(join(model.folder, name), true);
    if (damage !== undefined) damages.push(damage);
  }
  return { reference: referenceOf(model), files: model.files.length, damages, unknown };
}

async function modelsToVerify(reference: string | undefined, cache: string): Promise<CachedModel[]> {
  if (reference === undefined) {
    const cached = await cachedModels(cache);
    const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
    return cached.filter((_, i) => known[i]);
  }
  const { repo, revision } = hubOnly(reference);
  const all = await commitsOf(cache, repo);
  const wanted = all.filter(({ commit, revisions }) => commit === revision || revisions.includes(revision));
  if (wanted.length > 0) return wanted;
  throw new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${reference} is not in ${cache}.`,
    hint: `Fetch it: preannotate models pull ${reference}`,
  });
}

/** @throws PreannotateError USAGE for a folder, which is the user's own to keep. */
function hubOnly(reference: string) {
  if (!/^[./\\~]/.test(reference) && !reference.startsWith('builtin:')) return hubReference(reference);
  const folder = findLocalFolder(reference);
  throw new PreannotateError({
    code: 'USAGE',
    message: `${reference} is not a model of the hub's cache${folder === undefined ? '' : `, but ${folder}`}.`,
    hint: 'Give org/name or org/name@revision. See what is there: preannotate models list',
  });
}

function repairOf(reference: string): string {
  return reference === BUILTIN.reference
    ? 'Install preannotate again.'
    : `Repair: preannotate models pull ${reference}`;
}
