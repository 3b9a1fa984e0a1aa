import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import type { RequestedPrecision } from '../core/precision.js';
import { printable } from '../core/text.js';
import { hasEntry } from '../disk/readable-file.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import { invalidFileError, readJson } from './checkpoint/json-file.js';
import { findWeights } from './checkpoint/weight-files.js';
import { findExport } from './export/files.js';
import { FAMILIES, findFamily, listFamilies } from './families.js';
import type { ModelFamily } from './family.js';

const AnyConfig = z.object({ model_type: z.string() });

/**
 * Reads a checkpoint folder: config.json, where its weights are, and preprocessor_config.json where there is one.
 * Without weights an ONNX export will do.
 *
 * @param precision - The requested one; of an export it chooses the file.
 * @throws PreannotateError MODEL_INVALID naming the file that is missing or wrong.
 */
export async function readCheckpoint(
  folder: string,
  precision: RequestedPrecision = 'auto',
  families: readonly ModelFamily[] = FAMILIES,
): Promise<Checkpoint> {
  const configFile = join(folder, 'config.json');
  const { model_type: modelType } = await readJson(configFile, AnyConfig);
  const family = findFamily(modelType, families);
  if (family === undefined) throw unknownFamilyError(configFile, modelType, families);
  const schemas = await family.loadSchemas();
  const config = await readJson(configFile, schemas.config);
  const preprocessorFile = join(folder, 'preprocessor_config.json');
  const preprocessor = hasEntry(preprocessorFile)
    ? await readJson(preprocessorFile, schemas.preprocessor)
    : schemas.preprocessor.parse({});
  const weights = (await findWeights(folder)) ?? (await findExport(folder, precision));
  if (weights === undefined) throw noWeightsError(folder);
  return { tensors: new Map(), folder, modelType, config, preprocessor, ...weights };
}

/**
 * Whether a folder holds a model of a known family, or one whose configuration cannot be read: the file may be missing.
 */
export async function mayHoldModel(folder: string): Promise<boolean> {
  try {
    const config = AnyConfig.safeParse(await readJson(join(folder, 'config.json'), z.unknown()));
    return config.success && findFamily(config.data.model_type) !== undefined;
  } catch {
    return true;
  }
}

function unknownFamilyError(path: string, modelType: string, families: readonly ModelFamily[]): PreannotateError {
  const found = printable(modelType);
  return invalidFileError(path, `its model_type is "${found}"; models of ${listFamilies(families)} can be used`);
}

function noWeightsError(folder: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${folder}: there is no model.safetensors, pytorch_model.bin or onnx/model.onnx in this folder.`,
    hint:
      'Give the folder of an OWL-ViT or OWLv2 checkpoint: config.json, the tokenizer files, and model.safetensors, ' +
      'pytorch_model.bin or an export for transformers.js in onnx/.',
  });
}
