import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buildOntology } from '../../src/core/ontology.js';
import { toJournalHeader, type Job } from '../../src/job.js';
import { DEFAULT_FORM } from '../../src/model/input-form.js';
import { BUILTIN, findModel } from '../../src/model/source.js';
import { Progress } from '../../src/progress/bar.js';
import { Journal } from '../../src/run/journal.js';
import { SCENES } from './cli.js';
import { temporaryFolder } from './temporary.js';

/** Prints nothing. */
export const progress = new Progress({ stream: new PassThrough(), quiet: true });

/** How remote images are fetched. */
export const FETCH: Job['fetch'] = {
  allowPrivate: false,
  maxBytes: 1e8,
  timeoutMs: 10_000,
  perHost: 8,
  s3: { pathStyle: false, unsigned: false },
};

/** A job of two images in a folder of its own. */
export async function jobOf(changed: Partial<Job> = {}): Promise<Job> {
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
    fetch: FETCH,
    choice: {},
    watch: false,
    retryFailed: false,
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
export async function annotated(job: Job, names: readonly string[]): Promise<void> {
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

/** Asks for something else than {@link jobOf}. */
export const changedOntology = buildOntology({
  templates: [],
  classes: [{ name: 'dog', id: 1, prompts: ['a cat'] }],
  ignore: [],
});

/** Everything beside and in a job's output folder, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(dirname(folder), { recursive: true })).sort();
}
