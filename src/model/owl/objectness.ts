import type { OwlCheckpoint } from './config.js';

/** Whether a checkpoint has the head that predicts how likely each box is an object: OWLv2's do. */
export function hasObjectnessHead({ modelType }: Pick<OwlCheckpoint, 'modelType'>): boolean {
  return modelType === 'owlv2';
}
