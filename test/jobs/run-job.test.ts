import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRunJob } from '../../src/jobs/run-job.js';
import { loadSettings } from '../../src/config/load.js';
import { RunConfig } from '../../src/config/schema.js';
import { SCENES } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

const ONTOLOGY = `
classes:
  - name: dog
    prompts: [a dog, __proto__]
    examples: [{ image: scene-01.jpg, box: [10, 20, 110, 120] }]
    threshold: 0.3
  - { name: cat, prompts: [a cat] }
ignore: [a toy]
`;

/** The job of a run with an ontology of prompts and examples, and options of every kind. */
async function createJob() {
  const cwd = await temporaryFolder();
  await copyFile(join(SCENES, 'scene-01.jpg'), join(cwd, 'scene-01.jpg'));
  await writeFile(join(cwd, 'yard.yaml'), ONTOLOGY);
  const text = 'ontology: yard.yaml\ntiles: { size: 640, overlap: 0.3 }\nimage_size: 192\nmax_errors: 5%\npreview: 3\n';
  await writeFile(join(cwd, 'preannotate.yaml'), `${text}format: [coco, yolo]\ndevice: [cpu]\nworkers_per_device: 2\n`);
  const loaded = await loadSettings({ schema: RunConfig, flags: {}, environment: {}, cwd });
  return createRunJob(['photos', '*.jpg'], loaded);
}

describe('the job of a run', () => {
  it('is plain data, the same after it was cloned or sent as JSON', async () => {
    const job = await createJob();
    expect(structuredClone(job)).toStrictEqual(job);
    expect(JSON.parse(JSON.stringify(job))).toStrictEqual(job);
  });

  it('holds where each prompt and example was written', async () => {
    const { places } = await createJob();
    expect(places.whole).toMatch(/yard\.yaml:2:1$/);
    expect(Object.entries(places.byLabel).map(([label, place]) => [label, place.replace(/^.*yaml:/, '')])).toEqual([
      ['a dog', '4:15'],
      ['__proto__', '4:22'],
      ['a cat', '7:28'],
      ['a toy', '8:10'],
      ['example: scene-01.jpg [10, 20, 110, 120]', '5:16'],
    ]);
  });
});
