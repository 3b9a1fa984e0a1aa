import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { colourOfClass } from '../../core/drawing/class-colours.js';
import type { ViewImage } from '../../core/image.js';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { View } from '../../formats/format.js';
import { fingerprintFile, type Fingerprint } from '../../formats/view-folder/record/fingerprint.js';
import { ViewRecord } from '../../formats/view-folder/record/record.js';
import { isView } from '../../formats/view-folder/replaceable.js';
import { streamedFile, textFile, type ViewFile, type ViewFileGroup } from '../../formats/view-folder/view-file.js';
import { writeView } from '../../formats/view-folder/write-view.js';
import { listExamplePictures, type SeenExamples } from './example-pictures.js';
import { ImageHashes } from './image-hashes.js';
import { PreviewArtist, type PreviewRequest } from './preview-artist.js';
import { previewPathOf } from './preview-path.js';

const MAX_REPORTED_PROBLEMS = 10;

export interface PreviewJob extends Omit<View, 'imageFiles'> {
  readonly count: number; // of the first images by name
  readonly limits: PreviewRequest['limits'];
  readonly examples: SeenExamples;
  readonly signal?: AbortSignal; // stops a picture that is being drawn
  /** Makes the page over the previews, of the names of images that have one. Left out: there is none. */
  readonly index?: (images: readonly string[]) => AsyncIterable<string>;
}

/** What became of the previews. */
export interface PreviewResult {
  readonly notes: readonly string[]; // what could not be drawn, the first few
  readonly missing: number; // how many could not be drawn
}

/** The file by which a folder of previews is known again. */
export const PREVIEW_SIGNATURE = 'README.txt';

/** The page over all previews. */
const PREVIEW_INDEX = 'index.html';

/** Of how many images a folder has previews: all are Infinity, none is 0. @throws PreannotateError JOURNAL_DAMAGED */
export async function countPreviews(outDir: string): Promise<number> {
  if (!(await isView(outDir, PREVIEW_SIGNATURE))) return 0;
  const record = new ViewRecord(outDir);
  const images = (await record.header())?.images;
  if (images !== undefined) return images === 'all' ? Infinity : images;
  let drawn = 0;
  for await (const { image, files } of record.groups()) if (image !== undefined && files.length > 0) drawn++;
  return drawn;
}

/** A picture to draw. */
interface Preview extends Pick<PreviewRequest, 'boxes' | 'limits'> {
  readonly path: string; // in the folder
  readonly content: string; // a hash of what it will show
  /** @throws PreannotateError where a remote image cannot be had */
  readonly open: () => Promise<Pick<PreviewRequest, 'source'> & Disposable>;
}

/** What was drawn for an image, and what came of it. */
interface Drawing {
  readonly content: string; // a hash of the image's and of the boxes
  readonly is: Fingerprint;
}

/**
 * The previews of a run: selected boxes with class and score, or what a person made of them, drawn into copies of the
 * images. Each update writes the whole folder; a picture that is there as it was drawn is not drawn again.
 */
export class PreviewFolder implements AsyncDisposable {
  readonly #artist = new PreviewArtist();
  readonly #hashes = new ImageHashes(); // of the images of examples
  readonly #drawn = new Map<string, Drawing>(); // by path

  /**
   * Writes a picture for each of the first images, called as `previewPathOf` has it, and
   * `<outDir>/examples/<number>-<name>.jpeg` for examples, and the page over them.
   *
   * @throws PreannotateError as `writeView` does
   */
  async update(job: PreviewJob): Promise<PreviewResult> {
    const problems: string[] = [];
    const report = (name: string, problem: string) => problems.push(`No preview of ${printable(name)}: ${problem}`);
    const content = { images: job.count, groups: this.#listPreviews(job, report) };
    const edits = await writeView(job, PREVIEW_SIGNATURE, content);
    const missing = problems.length;
    const more = missing > MAX_REPORTED_PROBLEMS ? [`${missing} previews could not be drawn in all.`] : [];
    return { notes: [...edits, ...problems.slice(0, MAX_REPORTED_PROBLEMS), ...more], missing };
  }

  async *#listPreviews(
    job: PreviewJob,
    onProblem: (image: string, problem: string) => void,
  ): AsyncGenerator<ViewFileGroup> {
    const drawn = new Set<string>();
    let listed = 0;
    for await (const image of job.images) {
      if (image.isMissing === true) continue;
      if (listed++ >= job.count) break;
      const { name } = image;
      const preview = toPreview(image, job);
      drawn.add(name);
      const report = (problem: string) => {
        drawn.delete(name);
        onProblem(name, problem);
      };
      yield { image: name, files: [this.#toFile(preview, job.signal, report)] };
    }
    const examples = await this.#listExamples(job, onProblem);
    yield {
      files: [
        ...examples,
        ...(job.index === undefined
          ? []
          : [
              streamedFile(
                PREVIEW_INDEX,
                lazily(() => job.index!([...drawn])),
              ),
            ]),
        textFile(PREVIEW_SIGNATURE, 'Drawn by preannotate. Files that you edit or add here are kept.\n'),
      ],
    };
  }

  async #listExamples(
    { ontology, examples, limits, signal }: PreviewJob,
    onProblem: (image: string, problem: string) => void,
  ): Promise<ViewFile[]> {
    const pictures = await listExamplePictures(ontology, examples, {
      hashes: this.#hashes,
      maxBytes: limits.maxBytes,
      signal,
    });
    return pictures.map(({ path, label, request }) => {
      if (request === undefined) return { path, isLast: true, write: () => Promise.resolve(undefined) };
      const content = hashOf([label, request.boxes]);
      const report = (problem: string) => onProblem(label, problem);
      const { source, boxes } = request;
      return this.#toFile({ path, content, boxes, limits, open: () => Promise.resolve(keep(source)) }, signal, report);
    });
  }

  #toFile(
    { path, content, boxes, limits, open }: Preview,
    signal: AbortSignal | undefined,
    onProblem: (problem: string) => void,
  ): ViewFile {
    const foresee = () => {
      const drawing = this.#drawn.get(path);
      return Promise.resolve(drawing?.content === content ? drawing.is : undefined);
    };
    const write: ViewFile['write'] = async (target) => {
      const problem = await this.#draw({ boxes, limits, open, target }, signal);
      if (problem === undefined) {
        const is = await fingerprintFile(target);
        this.#drawn.set(path, { content, is });
        return is;
      }
      this.#drawn.delete(path);
      await rm(target, { force: true }); // a process that died may have left a part of it
      onProblem(problem);
      return undefined;
    };
    return { path, foresee, write };
  }

  async #draw(
    { open, ...request }: Omit<PreviewRequest, 'source'> & Pick<Preview, 'open'>,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    try {
      using image = await open();
      return (await this.#artist.draw({ ...request, source: image.source }, signal)).problem;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof PreannotateError) return error.message.replace(/\.$/, '');
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#artist[Symbol.asyncDispose]();
  }
}

/** Asks for the parts when the first of them is wanted. */
async function* lazily(content: () => AsyncIterable<string>): AsyncGenerator<string> {
  yield* content();
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64');
}

function toPreview(image: ViewImage, { ontology, root, limits, remote, signal }: PreviewJob): Preview {
  const { name, sha256 } = image;
  const boxes = image.detections.map(({ classId, score, box, review }) => ({
    box,
    label: `${ontology.classes[classId]!.name} ${review === undefined ? score.toFixed(2) : review.status}`,
    colour: colourOfClass(classId),
  }));
  const open = async () => (root === undefined ? await fetchAgain(image, remote, signal) : keep(join(root, name)));
  return { path: previewPathOf(name), content: hashOf([sha256, boxes]), boxes, limits, open };
}

function keep(source: PreviewRequest['source']): Pick<PreviewRequest, 'source'> & Disposable {
  return { source, [Symbol.dispose]: () => {} };
}

/** The bytes that were annotated, or none. */
async function fetchAgain(
  { name, url, sha256 }: ViewImage,
  remote: PreviewJob['remote'],
  signal = new AbortController().signal,
): Promise<Pick<PreviewRequest, 'source'> & Disposable> {
  if (url === undefined || remote === undefined)
    throw notDrawnError('its address is not stored: give it to `run` again');
  const fetched = await remote.fetch({ name, url }, signal);
  const isSame = createHash('sha256').update(fetched.bytes).digest('hex') === sha256;
  if (isSame) return { source: fetched.bytes, [Symbol.dispose]: () => fetched[Symbol.dispose]() };
  fetched[Symbol.dispose]();
  throw notDrawnError('it has changed since it was annotated');
}

function notDrawnError(message: string): PreannotateError {
  return new PreannotateError({ code: 'IMAGE_UNREADABLE', message, hint: '' });
}
