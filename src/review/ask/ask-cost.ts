import type { Size } from '../../core/box.js';
import { counted, describeEstimate, formatBytes } from '../../core/text.js';
import { countCrops } from '../../core/tiling/tiles.js';
import { traitsOf } from '../../model/families.js';
import { featureBytes } from '../../model/features/layout.js';
import type { Model } from '../../model/source.js';
import { toWorkerOptions } from '../../run/rerun/worker-options.js';
import type { OpenedRun } from '../../run/open-run.js';

/** What storing the features of a run's images takes, in words. */
export function describeCost(run: OpenedRun, model: Model, images: readonly Size[]): string {
  const { tiles, ...options } = toWorkerOptions(run.journal.header.options).worker;
  const imageSize = 'imageSize' in options ? options.imageSize : undefined;
  const traits = traitsOf(model.checkpoint);
  const each = featureBytes({ traits, size: traits.inputSize(imageSize), dtype: 'float16' });
  const crops = images.reduce((sum, image) => sum + countCrops(image, tiles), 0);
  const rate = run.manifest?.timings['images_per_second'] ?? 0;
  const time = rate > 0 ? `, and ${describeEstimate(images.length / rate / 60)}, as the run did` : '';
  return `The features of ${counted(images.length, 'image')} take ${formatBytes(each * crops)}${time}.`;
}
