import { Evaluation, mean, meanPrecision, type AverageOptions } from '../../../src/evaluation/evaluation.js';
import type { EvaluatedImage } from '../../../src/evaluation/evaluated-image.js';

export interface Averages {
  readonly map: number; // mean over classes and IoUs, 0–1; 0 where nothing is to be found
  readonly map50: number; // at the first IoU
  readonly perClass: ReadonlyMap<number, number>; // over all IoUs, of classes with an object that is no crowd
}

export function averagesOf(evaluation: Evaluation, options: AverageOptions = {}): Averages {
  const averages = evaluation.average(options);
  return {
    map: meanPrecision(averages) ?? 0,
    map50: meanPrecision(averages, 0) ?? 0,
    perClass: new Map([...averages].map(([classId, { precisions }]) => [classId, mean(precisions)])),
  };
}

export function averagePrecision(
  images: readonly EvaluatedImage[],
  { size, ...options }: ConstructorParameters<typeof Evaluation>[1] & Pick<AverageOptions, 'size'> = {},
): Averages {
  return averagesOf(new Evaluation(images, options), size === undefined ? {} : { size });
}
