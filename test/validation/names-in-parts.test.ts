import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DataSetProbe } from '../../src/formats/reading/probe.js';
import { Findings, type Finding } from '../../src/validation/findings.js';
import { validateDataSet } from '../../src/validation/validate.js';
import { temporaryFolder } from '../support/temporary.js';

it.each([
  [
    'yolo',
    {
      'data.yaml': 'train: images/train\nval: images/val\nnames: [cup]\n',
      'labels/train/0001.txt': '0 0.5 0.5 0.2 0.2\n',
      'labels/val/0001.txt': '0 0.4 0.4 0.1 0.1\n',
    },
  ],
  [
    'huggingface',
    {
      'train/metadata.jsonl': '{"file_name":"0001.jpg","objects":{"bbox":[[1,1,9,9]],"category":["cup"]}}\n',
      'validation/metadata.jsonl': '{"file_name":"0001.jpg","objects":{"bbox":[[1,1,8,8]],"category":["cup"]}}\n',
    },
  ],
] as const)('%s: without images, images of one name in two parts are two images', async (format, files) => {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const found: Finding[] = [];
  const { report } = new Findings(0, (finding) => found.push(finding));
  const probe = await DataSetProbe.open(folder);
  const { images, boxes } = await validateDataSet({ probe, format, imagesRoot: undefined }, report);
  expect([images, boxes]).toEqual([2, 2]);
  expect(found.filter(({ rule }) => rule === 'image-duplicate' || rule === 'image-in-two-parts')).toEqual([]);
});
