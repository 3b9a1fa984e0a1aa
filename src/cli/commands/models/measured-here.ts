import type { Measured } from '../../../workers/measured/measured-settings.js';
import { findModelHere } from '../../../model/source.js';
import { formatRate } from '../../../core/text.js';
import { measuredWorkOf } from '../../../workers/measured/choose-placement.js';
import { readMeasured } from '../../../workers/measured/measured-settings.js';

const WATCHER = { progress: () => {}, note: () => {} };

/** What `preannotate bench` has measured of a model on the CPU of this machine. Fetches nothing. */
export async function findMeasured(reference: string): Promise<Measured | undefined> {
  const options = { precision: 'auto', watcher: WATCHER, variables: process.env } as const;
  const model = await findModelHere(reference, options).catch(() => undefined); // damaged: `verify` says so
  return model && (await readMeasured(measuredWorkOf({ worker: {} }, { devices: [{ provider: 'cpu' }], model })));
}

/** `24.1 images/s here in fp32, 60.2 in int8` */
export function formatMeasured({ best }: Measured): string {
  const [first, ...others] = best.map(({ precision, imagesPerSecond }) => [precision, formatRate(imagesPerSecond)]);
  if (first === undefined) return '';
  const more = others.map(([precision, rate]) => `, ${rate!} in ${precision!}`);
  return `${first[1]!} images/s here in ${first[0]!}${more.join('')}`;
}

export function measuredToJson({ date, best }: Measured) {
  return {
    date,
    images_per_sec: Object.fromEntries(best.map(({ precision, imagesPerSecond }) => [precision, imagesPerSecond])),
  };
}
