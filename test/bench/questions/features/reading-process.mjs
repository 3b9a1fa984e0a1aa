/**
 * What no run from stored features can be faster than: reads each image and its feature file, hashes the image, and
 * appends a line. Prints the seconds that its images took.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [images, features, journal, lineBytes, part, parts] = process.argv.slice(2);
const line = `${'x'.repeat(Number(lineBytes) - 1)}\n`;
const names = readdirSync(images).filter((_, i) => i % Number(parts) === Number(part));
const start = performance.now();
for (const name of names) {
  const sha256 = createHash('sha256')
    .update(readFileSync(join(images, name)))
    .digest('hex');
  readFileSync(join(features, sha256.slice(0, 2), `${sha256}.safetensors`));
  appendFileSync(journal, line);
}
process.stdout.write(String((performance.now() - start) / 1000));
