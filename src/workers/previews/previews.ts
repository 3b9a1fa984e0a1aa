import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Xyxy } from '../../core/box.js';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { printable } from '../../core/text.js';
import { replaceView } from '../../formats/view-folder.js';
import { Child } from '../child-process.js';
import { colourOf } from './palette.js';

const PREVIEW_WORKER = new URL('./preview-worker.js', import.meta.url);

const DRAWING_TIMEOUT_MS = 60_000;
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

export interface PreviewJob {
  readonly images: AsyncIterable<ViewImage>;
  readonly ontology: Ontology;
  readonly root: string; // that image names are relative to
  readonly outDir: string;
  readonly count: number; // of the first images by name
  readonly limits: PreviewRequest['limits'];
}

/** The file by which a folder of previews is known again. */
export const PREVIEW_SIGNATURE = 'README.txt';

/**
 * Draws the selected boxes with class and score into copies of the images: `<outDir>/<image name>.jpg`.
 *
 * @returns What could not be drawn, a sentence each, and no more than a few.
 */
export async function drawPreviews(job: PreviewJob): Promise<string[]> {
  return replaceView(job, PREVIEW_SIGNATURE, async (folder) => {
    const problems: string[] = [];
    let failed = 0;
    await writeFile(
      join(folder, PREVIEW_SIGNATURE),
      'Drawn by preannotate, which writes this folder anew each time.\n',
    );
    await using artist = new PreviewArtist();
    let drawn = 0;
    for await (const image of job.images) {
      if (drawn++ >= job.count) break;
      const problem = await artist.draw(toPreviewRequest(image, job, folder));
      if (problem === undefined || ++failed > MAX_REPORTED_PROBLEMS) continue;
      problems.push(`No preview of ${printable(image.name)}: ${problem}`);
    }
    return failed > MAX_REPORTED_PROBLEMS ? [...problems, `${failed} previews could not be drawn in all.`] : problems;
  });
}

function toPreviewRequest(image: ViewImage, { ontology, root, limits }: PreviewJob, folder: string): PreviewRequest {
  const boxes = image.detections.map(({ classId, score, box }) => ({
    box,
    label: `${ontology.classes[classId]!.name} ${score.toFixed(2)}`,
    colour: colourOf(classId),
  }));
  return { source: join(root, image.name), target: join(folder, `${image.name}.jpg`), boxes, limits };
}

/** Draws in a child process, and starts another one when it dies or hangs. */
class PreviewArtist implements AsyncDisposable {
  #child: PreviewChild | undefined;
  #answered = (_answer: FromPreviewWorker) => {};

  /** @returns What went wrong, if anything. */
  async draw(request: PreviewRequest): Promise<string | undefined> {
    const child = (this.#child ??= this.#start());
    const answered = new Promise<FromPreviewWorker>((resolve) => (this.#answered = resolve));
    const died = child.exited.then(({ how }) => ({
      problem: `the process that draws died, or took too long (${how})`,
    }));
    const deadline = setTimeout(() => child.kill(), DRAWING_TIMEOUT_MS);
    child.send(request);
    try {
      return (await Promise.race([answered, died])).problem;
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
