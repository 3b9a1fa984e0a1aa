import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { ModelFamily, ModelTraits } from './family.js';
import { owlv2, owlVit } from './owl/family.js';

/** The families of models that can be used. Adding one is a folder beside `owl/` and a line here. */
export const FAMILIES: readonly ModelFamily[] = [owlVit, owlv2];

/** The family of a `model_type`; undefined when there is none. */
export function findFamily(modelType: string, families: readonly ModelFamily[] = FAMILIES): ModelFamily | undefined {
  return families.find((family) => family.modelType === modelType);
}

/** The family that a checkpoint was read by. */
export function familyOf({ modelType }: Pick<Checkpoint, 'modelType'>): ModelFamily {
  const family = findFamily(modelType);
  if (family === undefined) throw new Error(`no family has the model_type "${modelType}". This is a bug.`);
  return family;
}

/** What the program needs to know of a checkpoint's model. */
export function traitsOf(checkpoint: Checkpoint): ModelTraits {
  return familyOf(checkpoint).traits(checkpoint);
}

/** Families in words, each with its `model_type`. */
export function listFamilies(families: readonly ModelFamily[]): string {
  return families.map(({ title, modelType }) => `${title} (${modelType})`).join(', ');
}
