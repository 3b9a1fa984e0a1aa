/** The child process of peer.ts: transformers.js as documented, with all cores, answering one request after another. */
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { env, pipeline } from '@huggingface/transformers';
import { nameOf } from './export.js';

/** What the parent asks for. */
export interface PeerRequest {
  readonly images: readonly string[];
  readonly prompts: readonly string[];
}

/** What it gets: first the time that opening the model took, then an answer to each request. */
export type PeerAnswer =
  | { readonly type: 'open'; readonly openMs: number }
  | { readonly type: 'done'; readonly ms: readonly number[]; readonly detections: number };

const THRESHOLD = 0.1; // its default

const [folder, dtype] = process.argv.slice(2);
if (folder === undefined || (dtype !== 'fp32' && dtype !== 'q8'))
  throw new Error('usage: transformers-process <folder of the export> fp32|q8');
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const openStart = performance.now();
const detect = await pipeline('zero-shot-object-detection', nameOf(folder), { dtype, device: 'cpu' });
answer({ type: 'open', openMs: performance.now() - openStart });

process.on('message', ({ images, prompts }: PeerRequest) => void measure(images, prompts));
process.on('disconnect', () => process.exit(0)); // the parent is gone

async function measure(images: readonly string[], prompts: readonly string[]): Promise<void> {
  const ms: number[] = [];
  let detections = 0;
  for (const image of images) {
    const start = performance.now();
    const found = await detect(image, [...prompts], { threshold: THRESHOLD });
    ms.push(performance.now() - start);
    detections += found.length;
  }
  answer({ type: 'done', ms, detections });
}

function answer(message: PeerAnswer): void {
  process.send?.(message);
}
