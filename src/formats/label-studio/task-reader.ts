import { counted } from '../../core/text.js';
import { isPartName } from '../../core/data-set/split.js';
import { isFields, numberOf, textOf, type Fields } from '../reading/fields.js';
import { NAME_KEY, PART_KEY } from './label-config.js';

/** What of a task is read. */
export interface ReadTask {
  readonly id: number | undefined;
  readonly address: string | undefined; // of the image
  readonly name: string | undefined; // of a remote image, as this program calls it
  readonly part: string | undefined; // of the data set, where our tasks state it
  readonly regions: readonly unknown[];
  readonly isPredicted: boolean; // it has no annotation by a person
}

/** Endings of images, and addresses of files that Label Studio serves. */
const IMAGE_ADDRESS = /\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif)(?:\?|$)|\/data\/(?:local-files|upload)\//i;

/** Chooses what to read of tasks, and counts what that leaves out. */
export class TaskReader {
  #several = 0;
  #cancelled = 0;
  #predicted = 0;
  #unlabelled = 0;

  /** @returns undefined for a task that was not annotated. */
  read(task: Fields): ReadTask | undefined {
    const isFull = isFields(task['data']);
    const data = isFull ? (task['data'] as Fields) : task;
    const chosen = isFull ? this.#regionsOf(task) : { regions: listsOf(task), isPredicted: false };
    if (chosen === undefined) return undefined;
    const stated = data[PART_KEY];
    const part = isPartName(stated) ? stated : undefined; // others may mean anything
    return { id: numberOf(task['id']), address: addressIn(data), name: textOf(data[NAME_KEY]), part, ...chosen };
  }

  /** Several annotators made an entry each, in a minimal export; the latest is read. */
  countSeveral(): void {
    this.#several++;
  }

  get notes(): string[] {
    const notes: [number, (tasks: string) => string][] = [
      [this.#predicted, (tasks) => `Without annotations, so their predictions are read: ${tasks}.`],
      [this.#several, (tasks) => `With several annotations, of which the latest is read: ${tasks}.`],
    ];
    const skipped = counted(this.#cancelled, 'annotation');
    return [
      ...notes.filter(([count]) => count > 0).map(([count, note]) => note(counted(count, 'task'))),
      ...(this.#cancelled > 0 ? [`Left out, because annotators skipped them: ${skipped}.`] : []),
      ...(this.#unlabelled > 0
        ? [`Left out, without annotations or predictions: ${counted(this.#unlabelled, 'task')}.`]
        : []),
    ];
  }

  #regionsOf(task: Fields): Pick<ReadTask, 'regions' | 'isPredicted'> | undefined {
    const all = listOf(task['annotations'] ?? task['completions']); // old versions
    const made = all.filter(({ was_cancelled: cancelled, skipped }) => cancelled !== true && skipped !== true);
    this.#cancelled += all.length - made.length;
    if (made.length > 1) this.#several++;
    const latest = latestOf(made);
    if (latest !== undefined) return { regions: resultOf(latest), isPredicted: false };
    if (all.length > 0) return undefined;
    const prediction = latestOf(listOf(task['predictions']));
    if (prediction === undefined) this.#unlabelled++;
    else this.#predicted++;
    return prediction && { regions: resultOf(prediction), isPredicted: true };
  }
}

function resultOf({ result }: Fields): readonly unknown[] {
  return Array.isArray(result) ? result : [];
}

/** Exports may give ids alone in place of annotations. */
function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The one that was changed last; of several without times, the last. */
export function latestOf<Entry extends Fields>(entries: readonly Entry[]): Entry | undefined {
  let latest: Entry | undefined;
  let latestMs = -Infinity;
  for (const entry of entries) {
    const ms = Date.parse(textOf(entry['updated_at']) ?? textOf(entry['created_at']) ?? '');
    if (latest === undefined || !(ms < latestMs)) [latest, latestMs] = [entry, Number.isNaN(ms) ? latestMs : ms];
  }
  return latest;
}

/** In a minimal export, regions are in lists named after the tags of the labelling interface. */
function listsOf(entry: Fields): readonly unknown[] {
  const lists = Object.values(entry).filter((value) => Array.isArray(value) && value.some(isFields));
  return (lists as unknown[][]).flat().filter((region) => isFields(region) && ('x' in region || 'points' in region));
}

/** The address of the image: under the usual key, or the first one that looks like it. */
export function addressIn(data: Fields): string | undefined {
  const usual = textOf(data['image']);
  if (usual !== undefined) return usual;
  const texts = Object.values(data).map(textOf);
  return texts.find((text) => text !== undefined && IMAGE_ADDRESS.test(text));
}
