import type { Bench } from '../../support/workspace.js';
import { torch } from './torch.js';
import { transformersJs } from './transformers-js.js';

/** How much faster is `preannotate run` than what people use otherwise? */
export async function peer(bench: Bench): Promise<void> {
  await transformersJs(bench);
  await torch(bench);
}
