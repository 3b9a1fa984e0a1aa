import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { monolithicGraph } from './export-graph.js';
import { findMissing, programPath, runPython } from './python.js';

const RECIPE = 1; // raised when the same checkpoint would give another graph
const DATA = 'model.onnx_data'; // transformers.js looks for this name beside model.onnx

/**
 * The same weights as transformers.js wants them: onnx/model.onnx, its weights beside it as external data, and the
 * configuration and tokenizer files. Written once and found again by later runs.
 *
 * @param checkpoint - A folder in Hugging Face layout with a single model.safetensors.
 * @returns The folder of the export, beside the checkpoint.
 */
export async function exportForTransformersJs(checkpoint: string): Promise<string> {
  const folder = `${checkpoint}-export-${RECIPE}`;
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(join(unfinished, 'onnx'), { recursive: true });
  try {
    await writeExport(checkpoint, unfinished);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Makes the form of an export that transformers.js opens as q8, unless it is there.
 *
 * @returns Why it could not be made, or undefined.
 */
export async function quantiseExport(folder: string): Promise<string | undefined> {
  const target = join(folder, 'onnx', 'model_quantized.onnx');
  if (existsSync(target)) return undefined;
  const missing = await findMissing(['onnx', 'onnxruntime']);
  if (missing !== undefined) return missing;
  const unfinished = `${target}.${process.pid}`;
  await runPython([programPath('quantise.py'), join(folder, 'onnx'), unfinished]);
  await rename(unfinished, target);
  return undefined;
}

/** @param folder - It and its subfolder onnx exist. */
export async function writeExport(checkpoint: string, folder: string): Promise<void> {
  const parts = await readOwlCheckpoint(checkpoint);
  if (parts.weightFiles.length > 1) throw new Error(`${checkpoint} has more than one weight file`);
  const [weights] = parts.weightFiles;
  const tensors = new Map([...parts.tensors].map(([name, tensor]) => [name, { ...tensor, file: DATA }]));
  await writeFile(join(folder, 'onnx', 'model.onnx'), monolithicGraph(parts, tensors));
  await linkOrCopy(weights!, join(folder, 'onnx', DATA));
  const others = (await readdir(checkpoint)).filter((name) => /\.(json|txt)$/.test(name) && !(name in REWRITTEN));
  for (const name of others) await copyFile(join(checkpoint, name), join(folder, name));
  for (const [name, rewrite] of Object.entries(REWRITTEN)) {
    const content = JSON.parse(await readFile(join(checkpoint, name), 'utf8')) as Json;
    await writeFile(join(folder, name), JSON.stringify(rewrite(content), undefined, 2));
  }
}

type Json = Record<string, unknown>;

/** What transformers.js needs otherwise: external data named, and special tokens as plain strings. */
const REWRITTEN: Readonly<Record<string, (content: Json) => Json>> = {
  'config.json': (config) => ({
    ...config,
    'transformers.js_config': { use_external_data_format: { 'model.onnx': 1 } },
  }),
  'tokenizer_config.json': (config) =>
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => {
        const isToken = typeof value === 'object' && value !== null && 'content' in value;
        return [key, isToken ? value.content : value];
      }),
    ),
};

/** A link needs no space, but the two folders may be on different file systems. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to); // its errors say what is wrong
  }
}

/** transformers.js finds a model by its parent folder and its name. */
export function nameOf(folder: string): string {
  return basename(folder);
}
