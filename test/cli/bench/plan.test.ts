import { describe, expect, it } from 'vitest';
import {
  chooseBest,
  combineRounds,
  countPlanned,
  planAgain,
  planBatches,
  planDivisions,
} from '../../../src/bench/plan.js';

const CPU = { isCpu: true, devices: 1, cores: 8, precisions: ['fp32', 'int8'], batch: 1 } as const;
const FP32 = { precision: 'fp32', workersPerDevice: 8, threads: 1, maxBatchSize: 1 } as const;

describe('the settings that bench measures', () => {
  it('begin with the default of each precision, and use all cores but where half may do', () => {
    const settings = planDivisions(CPU);
    expect(settings.slice(0, 2)).toEqual([FP32, { ...FP32, precision: 'int8' }]);
    const divisions = settings.filter(({ precision }) => precision === 'fp32');
    expect(divisions.map(({ workersPerDevice, threads }) => [workersPerDevice, threads])).toEqual([
      ...[
        [8, 1],
        [4, 2],
      ],
      [4, 1],
      ...[
        [2, 4],
        [1, 8],
      ],
    ]);
    expect(countPlanned(CPU)).toBe(settings.length + planBatches(CPU, [FP32, FP32]).length + 4);
  });

  it('are divided among the devices, and on one core there is one division', () => {
    const two = planDivisions({ ...CPU, isCpu: false, devices: 2, batch: 8, precisions: ['fp16'] });
    expect(two.map(({ workersPerDevice, threads }) => [workersPerDevice, threads])).toEqual([
      [1, 4],
      [2, 2],
    ]);
    expect(planDivisions({ ...CPU, cores: 1 })).toHaveLength(2);
  });

  it('that may be the fastest are measured again, and count with the higher of their rates', () => {
    const [one, two, slow] = [1, 2, 8].map((threads) => ({ ...FP32, threads }));
    const first = [
      { ...one!, imagesPerSecond: 10 },
      { ...two!, imagesPerSecond: 8 },
      { ...slow!, imagesPerSecond: 5 },
    ];
    expect(planAgain(first)).toEqual([one, two]);
    const { measured, unsteady } = combineRounds([...first, { ...two!, imagesPerSecond: 16 }]);
    expect(measured.map(({ imagesPerSecond }) => imagesPerSecond)).toEqual([10, 16, 5]);
    expect(unsteady).toBe(0.5);
    expect(combineRounds(first).unsteady).toBe(0);
  });

  it('a difference that may be chance leaves the default', () => {
    const slower = { ...FP32, imagesPerSecond: 10 };
    const other = { ...FP32, workersPerDevice: 1, threads: 8 };
    expect(chooseBest([slower, { ...other, imagesPerSecond: 10.2 }])).toEqual([slower]);
    expect(chooseBest([slower, { ...other, imagesPerSecond: 11 }])).toEqual([{ ...other, imagesPerSecond: 11 }]);
  });
});
