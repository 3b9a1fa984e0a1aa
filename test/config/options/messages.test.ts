import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { flagsOf } from '../../../src/config/flags.js';
import {
  DoctorConfig,
  DataSetConfig,
  EvalConfig,
  ExportConfig,
  PromptsConfig,
  RunConfig,
  ServeConfig,
  TuneConfig,
} from '../../../src/config/schema.js';
import { PreannotateError } from '../../../src/core/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

const SCHEMAS = [
  RunConfig,
  ServeConfig,
  ExportConfig,
  DoctorConfig,
  EvalConfig,
  TuneConfig,
  PromptsConfig,
  DataSetConfig,
];

/** Nothing that any option takes, and what is nearly right for some. */
const BAD_VALUES = [
  'many',
  '',
  '-1',
  '1e99',
  '3.5',
  '0x10',
  '%',
  '101%',
  '5 %%',
  'a,b',
  ',',
  '640x480',
  '30s',
  '/',
  '{',
  'ü',
];

async function refuse(schema: (typeof SCHEMAS)[number], flags: Record<string, unknown>, cwd: string) {
  const error: unknown = await loadSettings({ schema, flags, environment: {}, cwd }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error !== undefined) expect(error).toBeInstanceOf(PreannotateError);
  return error as PreannotateError | undefined;
}

it('no message about the value of an option shows a regular expression or words of the schema library', async () => {
  const cwd = await temporaryFolder();
  let refused = 0;
  for (const schema of SCHEMAS) {
    for (const { key, name, repeatable } of flagsOf(schema)) {
      for (const value of BAD_VALUES) {
        const error = await refuse(schema, { [key]: repeatable ? [value] : value }, cwd);
        if (error === undefined) continue;
        refused++;
        const said = `${error.message} ${error.hint}`;
        expect(error.message, `--${name} ${value}`).toMatch(new RegExp(`^--(no-)?${name}(\\b|:)`));
        expect(said, `--${name} ${value}`).not.toMatch(
          /pattern|regex|Invalid|expected|\/\^|\\d|\$\/|NaN|undefined|union/,
        );
      }
    }
  }
  expect(refused).toBeGreaterThan(300);
});

describe('a value in the spelling of another program is refused with ours', () => {
  it.each([
    [
      'max_errors',
      'many',
      '--max-errors must be a number of images, or a share of them such as 5%, not "many".',
      undefined,
    ],
    ['score_threshold', '30%', '--score-threshold must be a number from 0 to 1, not "30%".', 'Did you mean 0.3?'],
    ['score_threshold', '30', '--score-threshold must be at most 1, not 30.', 'Did you mean 0.3?'],
    ['score_threshold', '0,3', '--score-threshold must be a number from 0 to 1, not "0,3".', 'Did you mean 0.3?'],
    ['score_threshold', '300', '--score-threshold must be at most 1, not 300.', undefined],
    ['nms_iou', '45', '--nms-iou must be at most 1, not 45.', 'Did you mean 0.45?'],
    ['score_floor', '5%', '--score-floor must be a number from 0 to 1, not "5%".', 'Did you mean 0.05?'],
    [
      'batching_timeout_sec',
      '0,5',
      '--batching-timeout-sec must be a number from 0 to 60, not "0,5".',
      'Did you mean 0.5?',
    ],
    ['precision', 'half', '--precision must be one of auto, fp32, fp16, int8, not "half".', 'Did you mean "fp16"?'],
  ])('--%s %s', async (key, value, message, hint) => {
    const error = await refuse(RunConfig, { [key]: value }, await temporaryFolder());
    expect(error?.message).toBe(message);
    if (hint === undefined) expect(error?.hint).not.toMatch(/Did you mean/);
    else expect(error?.hint).toBe(hint);
  });

  it.each([
    ['640x480', 'The height comes first: write 480,640 (480 high, 640 wide) or 640,480 (640 high, 480 wide).'],
    ['640X480', 'The height comes first: write 480,640 (480 high, 640 wide) or 640,480 (640 high, 480 wide).'],
    ['640x640', 'Did you mean 640?'],
  ])('sides as %s', async (value, hint) => {
    const cwd = await temporaryFolder();
    for (const key of ['image_size', 'tiles']) {
      const error = await refuse(RunConfig, { [key]: value }, cwd);
      expect(error?.message).toMatch(new RegExp(`^--${key.replace('_', '-')} must be .*, not "${value}"\\.$`));
      expect(error?.hint).toBe(hint);
    }
    expect((await refuse(RunConfig, { tiles: `size=${value},overlap=0.3` }, cwd))?.hint).toBe(hint);
  });

  it.each([
    ['gpu', 'cuda'],
    ['mps', 'coreml'],
    ['0', 'cuda:0'],
    ['0,1', 'cuda:0,cuda:1'],
    ['gpu:1', 'cuda:1'],
    ['GPU', 'cuda'],
    ['directml', 'dml'],
  ])('--device %s', async (value, meant) => {
    const error = await refuse(RunConfig, { devices: [value] }, await temporaryFolder());
    expect(error?.message).toMatch(/^--device must be auto, or a list of devices such as cpu, cuda/);
    expect(error?.hint).toBe(`Did you mean ${meant}?`);
  });

  it.each(['tpu', 'xpu', 'hip'])('--device %s, which there is none for', async (value) => {
    expect((await refuse(RunConfig, { devices: [value] }, await temporaryFolder()))?.hint).not.toMatch(/Did you mean/);
  });

  it.each([
    ['train=80,val=20', 'Did you mean train=0.8,val=0.2?'],
    ['train=80%,val=20%', 'Did you mean train=0.8,val=0.2?'],
    ['train=8,val=1,test=1', 'Did you mean train=0.8,val=0.1,test=0.1?'],
    ['train=0.8,valid=0.2', 'Did you mean train=0.8,val=0.2?'],
    ['train=0.8,validation=0.2', 'Did you mean train=0.8,val=0.2?'],
    ['train=0.5,train=0.5', 'Name each part once.'],
  ])('--split %s', async (value, hint) => {
    const error = await refuse(RunConfig, { split: value }, await temporaryFolder());
    expect(error?.message).toContain(`--split must be shares of train, val and test that add up to 1`);
    expect(error?.message).toContain(`not "${value}".`);
    expect(error?.hint).toBe(hint);
  });

  it.each([
    ['train=0.8', 'is without val and test, and val or test needs a share too.'],
    ['train=1', 'is without val and test, and val or test needs a share too.'],
    ['val=0.5,test=0.5', 'is without train, and train needs a share.'],
    ['train=0.8,val=0.3', 'needs shares that add up to 1; those of train=0.8,val=0.3 add up to 1.1.'],
    ['train=80%,val=30%', 'needs shares that add up to 1; those of train=0.8,val=0.3 add up to 1.1.'],
  ])('--split %s, whose shares are wrong', async (value, message) => {
    const error = await refuse(RunConfig, { split: value }, await temporaryFolder());
    expect([error?.message, error?.hint]).toEqual([`--split ${message}`, 'For example train=0.8,val=0.2.']);
  });

  it.each([
    [
      '{train: 0.8, valid: 0.2}',
      /unknown key "valid"/,
      /^(?:Did you mean "val"\?|The keys there are: train, val, test\.)$/,
    ],
    ['{train: 0.8, other: 0.2}', /unknown key "other"/, /^The keys there are: train, val, test\.$/],
    ['{train: 80, val: 20}', /must be shares/, /^Did you mean \{train: 0\.8, val: 0\.2\}\?$/],
    [
      '{train: 0.8, val: 0.3}',
      /\{train: 0\.8, val: 0\.3\} add up to 1\.1/,
      /^For example \{train: 0\.8, val: 0\.2\}\.$/,
    ],
    ['{train: 0.7, val: 0.3}', undefined, undefined],
  ])('split: %s', async (value, message, hint) => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'preannotate.yaml'), `split: ${value}\n`);
    const error = await refuse(RunConfig, {}, cwd);
    if (message === undefined) expect(error).toBeUndefined();
    else expect(error?.message).toMatch(message);
    if (hint !== undefined) expect(error?.hint).toMatch(hint);
  });

  it.each([
    ['regex:(', 'has an error in the pattern "(": Unterminated group.', /JavaScript/],
    ['regex:scene', 'needs a pattern with one group, and "scene" has none.', /^For example regex:/],
    ['regex:(a)(b)', 'needs a pattern with one group, and "(a)(b)" has 2.', /\(\?:…\)/],
    ['regex:', 'has no pattern behind regex:, such as regex:^([^_]+)_.', undefined],
    ['nearby', 'must be near, image, folder, or a regular expression with one group', undefined],
  ])('--split-by %s', async (value, message, hint) => {
    const error = await refuse(RunConfig, { split_by: value }, await temporaryFolder());
    expect(error?.message).toContain(`--split-by ${message}`);
    if (hint !== undefined) expect(error?.hint).toMatch(hint);
  });

  it('a format that does not exist is answered with the list alone', async () => {
    const error = await refuse(RunConfig, { format: ['pascal'] }, await temporaryFolder());
    expect(error?.message).toMatch(/^--format must be one of coco, yolo\b.*, not "pascal"\.$/);
    expect(error?.hint).not.toMatch(/Did you mean/);
  });
});
