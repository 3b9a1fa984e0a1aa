/** Stores features of one image after another, from a number on, until it is killed. Prints each that is stored. */
import { FeatureStore } from '../../../src/features/feature-store.js';
import { KEY, sampleFeatures } from './sample.js';

const [folder, first] = process.argv.slice(2);
const onProblem = ({ message }: { message: string }) => process.stdout.write(`problem: ${message}\n`);
const store = await FeatureStore.open({ folder: folder!, key: KEY, writable: true, onProblem });
for (let image = Number(first); ; image++) {
  await store.write(sampleFeatures(image % 200, 20_000)); // 0.4 MB
  process.stdout.write(`${image}\n`);
}
