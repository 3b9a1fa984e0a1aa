import { describe, expect, it } from 'vitest';
import { preannotate, viewsOf } from '../support/cli.js';
import { copyOldRun } from '../support/old-runs.js';

const FAILED_IMAGES = 3; // scene-00.jpg cannot be decoded

describe('an output folder of version 0.1.0', () => {
  it('that is finished keeps its views and image numbers when it is exported, and when it is resumed', async () => {
    const { out, args } = await copyOldRun('finished');
    const before = await viewsOf(out);
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    expect(await viewsOf(out)).toEqual(before);
    expect(await preannotate(args)).toMatchObject({ code: FAILED_IMAGES });
    expect(await viewsOf(out)).toEqual(before);
  });
});
