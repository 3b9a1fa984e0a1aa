import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatLine } from '../src/disk/checked-line.js';
import { planOnly } from '../src/dry-run.js';
import type { Job } from '../src/job.js';
import { annotate } from '../src/pipeline.js';
import { annotated, changedOntology, filesIn, jobOf, progress } from './support/job.js';

async function fileIn(folder: string, name: string, content = 'mine'): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

/** Each makes a job that is refused, and puts what is needed into its output folder. */
const REFUSED: Record<string, { code: string; message: RegExp; make: () => Promise<Job> }> = {
  'an optimizer that no device has': {
    code: 'CONFIG_INVALID',
    message: /cudagraphs/,
    make: async () => {
      const job = await jobOf();
      return { ...job, worker: { ...job.worker, optimizer: 'cudagraphs' } };
    },
  },
  'an input that is not there': {
    code: 'INPUT_NOT_FOUND',
    message: /nowhere/,
    make: () => jobOf({ inputs: ['./nowhere'] }),
  },
  'an output folder that is a file': {
    code: 'OUTPUT_UNUSABLE',
    message: /out cannot be written: a part of the path is a file/,
    make: async () => {
      const job = await jobOf();
      await writeFile(job.outDir, 'mine');
      return job;
    },
  },
  'an output folder that another run writes into': {
    code: 'OUTPUT_LOCKED',
    message: new RegExp(`process ${process.ppid} on`),
    make: async () => {
      const job = await jobOf();
      const holder = { pid: process.ppid, host: hostname(), started: '' };
      await fileIn(job.outDir, '.preannotate/lock', JSON.stringify(holder));
      return job;
    },
  },
  'a damaged record of the files of a view': {
    code: 'JOURNAL_DAMAGED',
    message: /views\/coco\.jsonl:2: the list of written files was damaged/,
    make: async () => {
      const job = await jobOf();
      await fileIn(job.outDir, 'coco/instances.json', '{"contributor": "preannotate"}');
      await fileIn(
        job.outDir,
        '.preannotate/views/coco.jsonl',
        `${formatLine({ view: 'coco', preannotate: '1' })}{}\n`,
      );
      return job;
    },
  },
  'a foreign file in the folder of a format': {
    code: 'OUTPUT_UNUSABLE',
    message: /coco holds files that preannotate did not write/,
    make: async () => {
      const job = await jobOf();
      await fileIn(job.outDir, 'coco/instances.json');
      return job;
    },
  },
  'a foreign file in the folder of previews': {
    code: 'OUTPUT_UNUSABLE',
    message: /previews holds files that preannotate did not write/,
    make: async () => {
      const job = await jobOf({ previews: 1 });
      await fileIn(job.outDir, 'previews/holiday.jpg');
      return job;
    },
  },
  'classes with other numbers': {
    code: 'RESUME_MISMATCH',
    message: /class "dog" had id 7, now 1/,
    make: async () => {
      const job = await jobOf({ restart: true });
      await fileIn(job.outDir, 'classes.json', '{"dog": 7}');
      return job;
    },
  },
  'a damaged journal': {
    code: 'JOURNAL_DAMAGED',
    message: /detections\.jsonl:2/,
    make: async () => {
      const job = await jobOf();
      await annotated(job, ['scene-01.jpg']);
      const path = join(job.outDir, 'detections.jsonl');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"width":10', '"width":11'));
      return job;
    },
  },
  'a journal of a job with other prompts': {
    code: 'RESUME_MISMATCH',
    message: /prompts of class "dog"/,
    make: async () => {
      const job = await jobOf();
      await annotated(job, ['scene-01.jpg']);
      return { ...job, ontology: changedOntology };
    },
  },
  'a journal of other images': {
    code: 'RESUME_MISMATCH',
    message: /none of which is among those found now/,
    make: async () => {
      const job = await jobOf();
      await annotated(job, ['another.jpg']);
      return job;
    },
  },
  'more than a tenth of the annotated images gone': {
    code: 'RESUME_MISMATCH',
    message:
      /^1 of the 2 images that are annotated in .*detections\.jsonl was not found below .*images: another\.jpg\.$/,
    make: async () => {
      const job = await jobOf();
      await annotated(job, ['scene-01.jpg', 'another.jpg']);
      return job;
    },
  },
  'a model that is not there': {
    code: 'MODEL_NOT_FOUND',
    message: /no-such-model/,
    make: () => jobOf({ model: './no-such-model' }),
  },
};

function refusalOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'not refused',
    (error: unknown) => error,
  );
}

describe.each(Object.entries(REFUSED))('%s', (_name, { code, message, make }) => {
  it('is refused by a run and by a dry run with the same message, and nothing is written', async () => {
    const job = await make();
    const before = await filesIn(job.outDir);
    const ofDryRun = await refusalOf(planOnly(job, progress));
    expect(await filesIn(job.outDir)).toEqual(before);
    const ofRun = await refusalOf(annotate(job, progress, new AbortController().signal));
    expect(await filesIn(job.outDir)).toEqual(before);
    expect(ofDryRun).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(ofRun).toEqual(ofDryRun);
  });
});
