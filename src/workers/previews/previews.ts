import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Xyxy } from '../../core/box.js';
import type { ViewImage } from '../../core/image.js';
import { printable } from '../../core/text.js';
import type { View } from '../../formats/format.js';
import { fingerprintFile } from '../../formats/view-folder/record/fingerprint.js';
import { textFile, type ViewFile, type ViewFileGroup } from '../../formats/view-folder/view-file.js';
import { writeView } from '../../formats/view-folder/write-view.js';
import { Child } from '../child-process.js';
import { colourOf } from './palette.js';

const PREVIEW_WORKER = new URL('./preview-worker.js', import.meta.url);

const DRAWING_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 4; // at one picture, each in a new process
const MAX_REPORTED_PROBLEMS = 10;

/** One picture to draw. */
export interface PreviewRequest {
  readonly source: string; // absolute path of the image
  readonly target: string; // absolute path of the JPEG
  readonly boxes: readonly { box: Xyxy; label: string; colour: readonly [number, number, number] }[];
  readonly limits: { readonly maxBytes: number; readonly maxPixels: number };
}

export interface FromPreviewWorker {
  readonly problem: string | undefined;
}

type PreviewChild = Child<PreviewRequest, FromPreviewWorker>;

export interface PreviewJob extends Omit<View, 'imageFiles'> {
  readonly count: number; // of the first images by name
  readonly limits: PreviewRequest['limits'];
}

/** What became of the previews. */
export interface PreviewResult {
  readonly notes: readonly string[]; // what could not be drawn, the first few
  readonly missing: number; // how many could not be drawn
}

/** The file by which a folder of previews is known again. */
export const PREVIEW_SIGNATURE = 'README.txt';

/** Draws the selected boxes with class and score into copies of the images: `<outDir>/<image name>.jpg`. */
export async function drawPreviews(job: PreviewJob): Promise<PreviewResult> {
  await using artist = new PreviewArtist();
  const problems: string[] = [];
  const edits = await writeView(job, PREVIEW_SIGNATURE, {
    groups: listPreviews(job, artist, (name, problem) => problems.push(`No preview of ${printable(name)}: ${problem}`)),
  });
  const missing = problems.length;
  const more = missing > MAX_REPORTED_PROBLEMS ? [`${missing} previews could not be drawn in all.`] : [];
  return { notes: [...edits, ...problems.slice(0, MAX_REPORTED_PROBLEMS), ...more], missing };
}

async function* listPreviews(
  job: PreviewJob,
  artist: PreviewArtist,
  onProblem: (image: string, problem: string) => void,
): AsyncGenerator<ViewFileGroup> {
  let listed = 0;
  for await (const image of job.images) {
    if (listed++ >= job.count) break;
    const write: ViewFile['write'] = async (target) => {
      const problem = await artist.draw(toPreviewRequest(image, job, target));
      if (problem === undefined) return await fingerprintFile(target);
      await rm(target, { force: true }); // a process that died may have left a part of it
      onProblem(image.name, problem);
      return undefined;
    };
    yield { image: image.name, files: [{ path: `${image.name}.jpg`, write }] };
  }
  yield { files: [textFile(PREVIEW_SIGNATURE, 'Drawn by preannotate. Files that you edit or add here are kept.\n')] };
}

function toPreviewRequest(image: ViewImage, { ontology, root, limits }: PreviewJob, target: string): PreviewRequest {
  const boxes = image.detections.map(({ classId, score, box }) => ({
    box,
    label: `${ontology.classes[classId]!.name} ${score.toFixed(2)}`,
    colour: colourOf(classId),
  }));
  return { source: join(root, image.name), target, boxes, limits };
}

/** Draws in a child process, and starts another one when it dies or hangs. */
class PreviewArtist implements AsyncDisposable {
  #child: PreviewChild | undefined;
  #answered = (_answer: FromPreviewWorker) => {};
  #last: Promise<string | undefined> = Promise.resolve(undefined);

  /** One picture at a time. @returns What went wrong, if anything. */
  draw(request: PreviewRequest): Promise<string | undefined> {
    this.#last = this.#last.then(() => this.#drawOrRetry(request));
    return this.#last;
  }

  /** A process that was killed from outside, perhaps while it was starting, says nothing about the image. */
  async #drawOrRetry(request: PreviewRequest): Promise<string | undefined> {
    let how = '';
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const outcome = await this.#drawOnce(request);
      if ('problem' in outcome) return outcome.problem;
      if (outcome.isTooSlow) return `it took more than ${DRAWING_TIMEOUT_MS / 1000} s`;
      how = outcome.died;
    }
    return `the process that draws died (${how})`;
  }

  async #drawOnce(request: PreviewRequest): Promise<FromPreviewWorker | { died: string; isTooSlow: boolean }> {
    const child = (this.#child ??= this.#start());
    const answered = new Promise<FromPreviewWorker>((resolve) => (this.#answered = resolve));
    let isTooSlow = false;
    const died = child.exited.then(({ how }) => ({ died: how, isTooSlow }));
    const deadline = setTimeout(() => {
      isTooSlow = true;
      child.kill();
    }, DRAWING_TIMEOUT_MS);
    child.send(request);
    try {
      return await Promise.race([answered, died]);
    } finally {
      clearTimeout(deadline);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
  }

  #start(): PreviewChild {
    const child: PreviewChild = new Child(PREVIEW_WORKER);
    child.onAnswer((answer) => this.#answered(answer));
    void child.exited.then(() => (this.#child = undefined));
    return child;
  }
}
