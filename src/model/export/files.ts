import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { messageOf, PreannotateError } from '../../core/errors.js';
import { PRECISIONS, type RequestedPrecision } from '../../core/precision.js';
import { hasEntry } from '../../disk/readable-file.js';
import { EXPORT_FILES } from '../../hub/files.js';
import { readOnnx, type OnnxModel } from '../../onnx/read-model.js';
import type { ExportFile } from '../checkpoint/checkpoint.js';

/** What a checkpoint that is an export consists of. */
export interface FoundExport {
  readonly exported: ExportFile;
  readonly weightsFolder: string; // real
  readonly weightFiles: readonly string[]; // absolute, links resolved
}

/**
 * Looks for onnx/model*.onnx in a folder.
 *
 * @param requested - `auto` takes the most exact that exists.
 * @returns undefined when there is no such file at all.
 * @throws PreannotateError MODEL_INVALID when the requested one is missing, damaged or incomplete.
 */
export async function findExport(folder: string, requested: RequestedPrecision): Promise<FoundExport | undefined> {
  const present = PRECISIONS.filter((precision) => hasEntry(join(folder, 'onnx', EXPORT_FILES[precision])));
  const precision = requested === 'auto' ? present[0] : requested;
  if (precision === undefined || present.length === 0) return undefined;
  const path = join(folder, 'onnx', EXPORT_FILES[precision]);
  if (!present.includes(precision)) {
    const there = (await readdir(join(folder, 'onnx'))).filter((name) => name.endsWith('.onnx')).sort();
    throw new PreannotateError({
      code: 'MODEL_INVALID',
      message: `${path}: this export has no such file; in its folder are ${there.join(', ')}.`,
      hint: `Use --precision ${present.join(' or ')}, or leave it at auto.`,
    });
  }
  const model = await readOnnx(path);
  return withFileInErrors(path, async () => {
    const files = await findWeightFiles(model);
    const fileOf = new Map([...files].map(([location, file]) => [location, basename(file)]));
    const weightFiles = [...new Set([model.file, ...files.values()])];
    return { exported: { path, precision, fileOf }, weightsFolder: dirname(model.file), weightFiles };
  });
}

/**
 * The files that large weights are in, by what the graph calls them: the model's own, or files beside it. Links are
 * resolved because ONNX Runtime refuses weights behind a link that leaves their folder (the Hub's cache has such).
 */
async function findWeightFiles({ path, file, initializers }: OnnxModel): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const sizes = new Map<string, number>();
  for (const { name, stored } of initializers.values()) {
    if (stored === undefined) continue;
    const { location, offset, sizeBytes = 0 } = stored;
    if (!files.has(location)) {
      const real = location === basename(file) ? file : await resolveBeside(path, location);
      if (dirname(real) !== dirname(file)) throw new Error(`its weights are in another folder, ${dirname(real)}`);
      files.set(location, real);
      sizes.set(location, (await stat(real)).size);
    }
    const size = sizes.get(location)!;
    if (offset + sizeBytes > size) {
      throw new Error(`"${name}" ends at byte ${offset + sizeBytes} of ${location}, which has ${size}`);
    }
  }
  return files;
}

async function resolveBeside(path: string, location: string): Promise<string> {
  if (normalize(location) !== basename(location)) throw new Error(`it names weights outside its folder: ${location}`);
  const file = join(dirname(path), location);
  if (!hasEntry(file)) throw new Error(`its weights are missing: there is no ${file}`);
  return realpath(file);
}

/** Runs `work`, and names the file in the error when it throws. */
export async function withFileInErrors<Result>(path: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'MODEL_INVALID',
        message: `${path}: ${messageOf(error)}.`,
        hint:
          'Exports of OwlViTForObjectDetection and Owlv2ForObjectDetection can be used, made with ' +
          '`optimum-cli export onnx --task zero-shot-object-detection --batch_size 1`, complete with their external ' +
          'data.',
      },
      error,
    );
  }
}
