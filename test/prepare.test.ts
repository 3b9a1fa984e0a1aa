import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { buildOntology } from '../src/core/ontology.js';
import { toJournalHeader, type Job } from '../src/job.js';
import type { RequestedForm } from '../src/core/inference/input-form.js';
import type { StoredOptions } from '../src/run/header.js';
import { editHeader } from './support/old-runs.js';
import { DEFAULT_FORM } from '../src/model/input-form.js';
import { BUILTIN, findModel } from '../src/model/source.js';
import { annotate } from '../src/pipeline.js';
import { planOnly, prepare } from '../src/prepare.js';
import { Progress } from '../src/progress/bar.js';
import { Journal } from '../src/run/journal.js';
import { formatLine } from '../src/disk/checked-line.js';
import { OutputLock } from '../src/run/lock/output-lock.js';
import { readJournal } from '../src/run/read-journal.js';
import { SCENES } from './support/cli.js';
import { temporaryFolder } from './support/temporary.js';

const progress = new Progress({ stream: new PassThrough(), quiet: true });

/** A job of two images in a folder of its own. */
async function jobOf(changed: Partial<Job> = {}): Promise<Job> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'images'));
  for (const name of ['scene-01.jpg', 'scene-02.jpg']) await copyFile(join(SCENES, name), join(folder, 'images', name));
  return {
    version: '0.0.0',
    inputs: [join(folder, 'images')],
    discovery: {
      recursive: true,
      include: [],
      exclude: [],
      outputFolders: ['coco', 'yolo', 'previews'],
    },
    choice: {},
    missing: 'ask',
    outDir: join(folder, 'out'),
    restart: false,
    takeOver: {},
    model: BUILTIN.reference,
    precision: 'auto',
    formats: ['coco', 'yolo'],
    previews: 0,
    imageFiles: 'symlink',
    overwriteEdited: false,
    ontology: buildOntology({ templates: [], classes: [{ name: 'dog', id: 1, prompts: ['a dog'] }], ignore: [] }),
    ontologyNotes: [],
    places: { whole: '', byLabel: {} },
    exampleFolder: folder,
    allowTruncate: false,
    devices: 'auto',
    placement: {},
    form: DEFAULT_FORM,
    worker: {
      scoreFloor: 0.05,
      maxDetections: 300,
      maxPixels: 1e8,
      maxBytes: 1e8,
      strictImages: false,
      optimizer: 'onnxrt',
      exampleRule: 'auto',
    },
    selection: { thresholds: [0.1], nmsIou: [0.5], classAgnosticNms: false, maxDetections: 100 },
    maxErrors: { count: 0 },
    statedSelection: {
      scoreThreshold: 0.1,
      overridesOntology: false,
      nmsIou: 0.5,
      classAgnosticNms: false,
      maxDetections: 100,
    },
    ...changed,
  };
}

/** Puts a journal of the job into its output folder, with one line for each of these images. */
async function annotated(job: Job, names: readonly string[]): Promise<void> {
  const watcher = { progress: () => {}, note: () => {} };
  const model = await findModel(job.model, { precision: job.precision, watcher, variables: {} });
  await mkdir(job.outDir, { recursive: true });
  await using journal = await Journal.begin(job.outDir, toJournalHeader(job, model));
  const { size } = await stat(join(job.inputs[0]!, 'scene-01.jpg'));
  for (const image of names) {
    const stamp = { size_bytes: size, modified_ms: 0, sha256: 'of another file' };
    await journal.append({ image, width: 10, height: 10, detections: [], ...stamp });
  }
}

async function fileIn(folder: string, name: string, content = 'mine'): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

const changedOntology = buildOntology({
  templates: [],
  classes: [{ name: 'dog', id: 1, prompts: ['a cat'] }],
  ignore: [],
});

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

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(dirname(folder), { recursive: true })).sort();
}

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

describe('a dry run', () => {
  it('lists what is left, and makes no output folder', async () => {
    const job = await jobOf();
    expect(await planOnly(job, progress)).toMatchObject({ found: 2, finished: 0, fetches: false });
    expect(await filesIn(job.outDir)).not.toContain('out');
  });

  it('accepts another job in a folder where no image was annotated yet: the run begins a new journal', async () => {
    const job = await jobOf();
    await annotated(job, []);
    expect(await planOnly({ ...job, ontology: changedOntology }, progress)).toMatchObject({ finished: 0 });
  });

  it('accepts another job with restart, and leaves the journal as it is', async () => {
    const job = await jobOf();
    await annotated(job, ['another.jpg']);
    expect(await planOnly({ ...job, ontology: changedOntology, restart: true }, progress)).toMatchObject({
      finished: 0,
    });
    expect([...(await readJournal(job.outDir))!.entries.keys()]).toEqual(['another.jpg']);
  });

  it('does not download a model, and still compares the rest of the job', async () => {
    const job = await jobOf();
    await annotated(job, ['another.jpg']);
    const absent = { ...job, model: 'nobody/no-such-model' };
    await expect(planOnly({ ...absent, ontology: changedOntology }, progress)).rejects.toThrow(
      'prompts of class "dog"',
    );
    expect(await planOnly({ ...absent, restart: true }, progress)).toMatchObject({ fetches: true, notes: [] });
  });

  it.each<[what: string, earlier: Partial<StoredOptions>, form: Partial<RequestedForm>, refusal?: RegExp]>([
    ['the fit that the folder has', { fit: 'stretch' }, { fit: 'stretch' }],
    ['another fit', { fit: 'letterbox' }, { fit: 'stretch' }, /"letterbox"; now it is "stretch"/],
    ['grey', { fit: 'letterbox' }, { fit: 'grey' }, /"letterbox"; now it is "grey"/],
    ['letterbox, which is grey for some models', { fit: 'grey' }, { fit: 'letterbox' }],
    ['letterbox, which is black for the others', { fit: 'letterbox' }, { fit: 'letterbox' }],
    ['letterbox where images were stretched', { fit: 'stretch' }, { fit: 'letterbox' }, /"stretch"; now it is "letter/],
    ['the fit of a model that is not known', { fit: 'letterbox' }, { fit: 'auto' }],
    ['positions of a model that is not known', { positions: 'slice' }, { positions: 'auto' }],
    ['other positions', { positions: 'slice' }, { positions: 'interpolate' }, /"slice"; now it is "interpolate"/],
  ])('compares %s without the model', async (_what, earlier, form, refusal) => {
    const job = await jobOf();
    await annotated(job, ['scene-01.jpg']);
    await editHeader(job.outDir, (header) => ({ ...header, options: { ...header.options, ...earlier } }));
    const planned = planOnly({ ...job, model: 'nobody/no-such-model', form: { ...job.form, ...form } }, progress);
    if (refusal === undefined) expect(await planned).toMatchObject({ fetches: true });
    else {
      await expect(planned).rejects.toMatchObject({
        code: 'RESUME_MISMATCH',
        message: expect.stringMatching(refusal) as string,
      });
    }
  });

  it('compares the rule for examples without the model', async () => {
    const job = await jobOf();
    await annotated(job, ['scene-01.jpg']);
    await editHeader(job.outDir, (header) => ({ ...header, options: { ...header.options, example_rule: 'auto' } }));
    const absent = { ...job, model: 'nobody/no-such-model' };
    expect(await planOnly(absent, progress)).toMatchObject({ fetches: true });
    const other = { ...absent, worker: { ...job.worker, exampleRule: 'transformers' as const } };
    await expect(planOnly(other, progress)).rejects.toThrow('example_rule was "auto"; now it is "transformers"');
  });

  it('finds the images that a run finds, which has made its own folder among them', async () => {
    const job = await jobOf({ formats: ['yolo'] });
    const among = { ...job, outDir: job.inputs[0]! };
    await mkdir(join(among.outDir, 'coco'));
    await copyFile(join(SCENES, 'scene-03.jpg'), join(among.outDir, 'coco/scene-03.jpg'));
    const { pending } = await planOnly(among, progress);
    expect(pending).toEqual(['coco/scene-03.jpg', 'scene-01.jpg', 'scene-02.jpg']);
    await using _lock = await OutputLock.take(among.outDir);
    const { plan } = await prepare(among, () => Promise.resolve(undefined));
    expect(plan.pending.map(({ name }) => name)).toEqual(pending);
  });
});
