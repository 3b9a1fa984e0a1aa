import { dirname, join } from 'node:path';
import type { DataSet, LabelledImage } from '../../core/data-set/data-set.js';
import { compareUtf8, counted } from '../../core/text.js';
import { readWholeFile } from '../../disk/readable-file.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import { isFields, type Fields } from '../reading/fields.js';
import { ImageFinder } from '../reading/files/find-image.js';
import { toRelativeName } from '../reading/files/image-name.js';
import { readJsonItems } from '../reading/json-items.js';
import type { DataSetProbe } from '../reading/probe.js';
import type { ReadOptions } from '../reading/read-options.js';
import { ShapeCounts } from '../reading/shape-counts.js';
import { nameOfUrl } from '../reading/files/label-studio-url.js';
import { readLabels } from './label-config.js';
import { boxesOf, sizeOfRegions } from './read-regions.js';
import { latestOf, TaskReader } from './task-reader.js';
import { LABEL_CONFIG } from './write.js';

export const MAX_CONFIG_BYTES = 16 << 20;

/** Whether a path is an export of Label Studio, full or minimal, or a folder with some. */
export async function recogniseLabelStudio(probe: DataSetProbe): Promise<boolean> {
  return (await listExports(probe)).length > 0;
}

export async function listExports(probe: DataSetProbe): Promise<string[]> {
  const found: string[] = [];
  for (const file of await probe.files('.json')) if (await isExport(probe, file)) found.push(file);
  return found;
}

async function isExport(probe: DataSetProbe, file: string): Promise<boolean> {
  const paths = await probe.jsonPaths(file);
  const has = (...keys: string[]) => keys.some((key) => paths.has(`[].${key}`));
  if (has('data') && has('annotations', 'predictions', 'completions')) return true;
  if (has('annotation_id') && has('annotator', 'lead_time')) return true; // a minimal one
  const isEmptyList = /^\s*\[\s*\]\s*$/.test((await probe.head(file)) ?? '');
  return isEmptyList && (await probe.head(join(dirname(file), LABEL_CONFIG))) !== undefined;
}

/**
 * Reads what Label Studio exports as JSON or JSON-MIN, and what it imports. The files are read twice: only then it is
 * known which classes there are.
 */
export async function readLabelStudio(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const found = await listExports(probe);
  const files = found.length === 0 && !probe.isFolder ? [probe.path] : found; // reading it says what is wrong
  if (files.length === 0)
    throw dataSetError({ where: probe.path, problem: 'there is no JSON file that Label Studio exports in it' });
  const used = new Set<string>();
  const first = new TaskPass(files, options);
  for await (const { boxes } of first.images()) boxes.forEach(({ className }) => used.add(className));
  const config = await readWholeFile(join(dirname(files[0]!), LABEL_CONFIG), MAX_CONFIG_BYTES).catch(() => undefined);
  const declared = config === undefined ? [] : readLabels(config);
  const classes = [...new Set([...declared, ...[...used].sort(compareUtf8)])].map((name) => ({ name }));
  const images: AsyncIterable<LabelledImage> = {
    [Symbol.asyncIterator]: () => new TaskPass(files, { ...options, onProblem: () => {} }).images(),
  };
  return { classes, images, notes: first.notes };
}

/** One way through all tasks. */
class TaskPass {
  readonly #files: readonly string[];
  readonly #options: ReadOptions;
  readonly #finder = new ImageFinder();
  readonly #tasks = new TaskReader();
  readonly #counts = new ShapeCounts();
  #uploads = 0;

  constructor(files: readonly string[], options: ReadOptions) {
    this.#files = files;
    this.#options = options;
  }

  async *images(): AsyncGenerator<LabelledImage> {
    for (const file of this.#files) {
      for await (const task of this.#readTasks(file)) {
        const image = await this.#toImage(task, file);
        if (image !== undefined) yield image;
      }
    }
  }

  /** After all images. */
  get notes(): string[] {
    const uploads = counted(this.#uploads, 'image name');
    const note = `Read without the digits that Label Studio puts before the names of uploaded files: ${uploads}.`;
    return [...this.#tasks.notes, ...this.#counts.notes, ...(this.#uploads > 0 ? [note] : [])];
  }

  /** In a minimal export, the annotations of a task follow one another. */
  async *#readTasks(file: string): AsyncGenerator<Fields> {
    let same: Fields[] = [];
    for await (const items of readJsonItems(file, [''])) {
      for (const { value, index } of items) {
        if (!isFields(value)) {
          this.#refuse(`${file}, item ${index + 1}`, 'is not a task');
          continue;
        }
        if (same.length > 0 && !isSameTask(value, same[0]!)) {
          yield this.#choose(same);
          same = [];
        }
        same.push(value);
      }
    }
    if (same.length > 0) yield this.#choose(same);
  }

  #choose(same: readonly Fields[]): Fields {
    if (same.length > 1) this.#tasks.countSeveral();
    return latestOf(same)!;
  }

  async #toImage(task: Fields, file: string): Promise<LabelledImage | undefined> {
    const read = this.#tasks.read(task);
    if (read === undefined) return undefined;
    const { id, address, name: own, part, regions, isPredicted } = read;
    const where = id === undefined ? file : `${file}, task ${id}`;
    const ownName = own === undefined ? undefined : { name: toRelativeName(own), isUpload: false };
    const named = ownName ?? (address === undefined ? undefined : nameOfUrl(address));
    if (named === undefined) {
      this.#refuse(where, address === undefined ? 'has no address of an image' : 'has an image without a name');
      return undefined;
    }
    const { name, isUpload } = named;
    if (isUpload) this.#uploads++;
    const { imagesRoot, sizeOf } = this.#options;
    const folder = dirname(file);
    const places = [imagesRoot ?? [], join(folder, 'images'), folder].flat();
    const imagePath = await this.#finder.find(places, name);
    const size = sizeOfRegions(regions) ?? (await sizeOf({ name, path: imagePath }));
    const refuse = (region: string, problem: string) => this.#refuse(region, problem);
    return {
      name,
      ...(id === undefined ? {} : { id }),
      ...size,
      ...(part === undefined ? {} : { part }),
      ...(imagePath === undefined ? {} : { imagePath }),
      file,
      ...(isPredicted ? { isPredicted } : {}),
      boxes: boxesOf(regions, { where, size, counts: this.#counts, refuse }),
    };
  }

  #refuse(where: string, problem: string): void {
    refuseEntry(this.#options, { where, problem });
  }
}

function isSameTask(a: Fields, b: Fields): boolean {
  const isMinimal = 'annotation_id' in a && 'annotation_id' in b;
  return isMinimal && a['id'] !== undefined && a['id'] === b['id'];
}
