import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Optimizer } from '../../src/core/device.js';
import { Detector } from '../../src/model/detector.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { FIXTURES } from '../support/model/golden.js';

const TINY = join(FIXTURES, 'models/owlvit-tiny'); // its weights are float32

const open = async (optimizer: Optimizer) =>
  Detector.open({
    checkpoint: await readCheckpoint(TINY),
    ...{ device: { provider: 'cpu' }, threads: 1, scoreFloor: 0.05, maxDetections: 300, precision: 'fp32', optimizer },
  });

/** Bytes of the weight file that are mapped, and which all processes that map it share. */
function mappedBytes(): number {
  const mappings = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const ranges = mappings.filter((line) => line.includes('owlvit-tiny')).map((line) => line.split(' ')[0]!.split('-'));
  return ranges.reduce((sum, [from, to]) => sum + Number.parseInt(to!, 16) - Number.parseInt(from!, 16), 0);
}

describe.skipIf(process.platform !== 'linux')('the matrices of the image encoder', () => {
  it('stay mapped from their file with shared-weights, and are copied without it', async () => {
    const before = mappedBytes();
    await using shared = await open('shared-weights');
    const mapped = mappedBytes() - before;
    await using copied = await open('onnxrt');
    expect(shared.inputSize).toEqual(copied.inputSize);
    expect(mapped).toBeGreaterThan(2 * (mappedBytes() - before - mapped));
  });
});
