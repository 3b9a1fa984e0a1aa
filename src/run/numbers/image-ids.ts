import { compareUtf8 } from '../../core/text.js';
import { keepFile } from '../kept-files.js';
import { writeImageList, type ImageList } from './image-list.js';
import { disagreeingError, unknownNumbersError } from './image-id-errors.js';
import type { JournalContents } from '../read-journal.js';

/** Where the numbers of images come from. */
export interface NumberSources {
  readonly list: ImageList;
  readonly journal: JournalContents | undefined;
  readonly found: readonly string[]; // names of the images of this attempt; none when a run is only read
  readonly isPublished: boolean; // numbers were in a view, so that people may use them
  readonly wasFinished: boolean; // by its run.json: then version 0.1 had given all numbers
  readonly restarts: boolean; // everything is annotated again: nothing is refused
}

/** The number of every image, from 1. Failed images have numbers too, so that a later success renumbers nothing. */
export class ImageIds {
  readonly #ids: Map<string, number>;
  readonly #list: Pick<ImageList, 'path' | 'problem'>; // as it was read, without its images: they are in #ids too
  #last: number | undefined; // the highest number, once images have been added
  #isReplaced = false; // the list on disk, by this process
  #isSaved: boolean; // the list on disk has these numbers
  readonly notes: readonly string[]; // what was wrong with the list, and what was done
  readonly isNew: boolean; // a number of an annotated image was given just now

  private constructor(ids: Map<string, number>, list: ImageList, given: { notes: string[]; isNew: boolean }) {
    this.#ids = ids;
    this.#list = { path: list.path, problem: list.problem };
    this.#isSaved = list.form === 'checked' && list.problem === undefined && hasSameIds(list.images, ids);
    this.notes = given.notes;
    this.isNew = given.isNew;
  }

  /**
   * A first run numbers the images by name; images that come later get the next numbers. A list that is missing or
   * damaged is rebuilt from the journal.
   *
   * @throws PreannotateError JOURNAL_DAMAGED when the list and the journal disagree, or neither has a number.
   */
  static from(sources: NumberSources): ImageIds {
    const { list, journal, found, restarts, isPublished } = sources;
    if (journal === undefined && !isPublished)
      return new ImageIds(numberByName(found), list, { notes: [], isNew: true });
    const known = listedNumbers(sources);
    const added = addJournalled(known, sources);
    const unknown = [...(journal?.entries.keys() ?? [])].filter((name) => !known.has(name));
    const isLost = unknown.length > 0 ? !mayBeUnnumbered(sources) : journal === undefined && list.problem !== undefined;
    if (isLost && !restarts) throw unknownNumbersError(list, unknown);
    const given = { notes: describeRebuilding(list, added), isNew: unknown.length > 0 };
    return new ImageIds(completeIds(known, [...found, ...unknown], isWhole(list)), list, given);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Left out of the numbers are folders and files that could not be listed. */
  find(name: string): number | undefined {
    return this.#ids.get(name);
  }

  of(name: string): number {
    const id = this.find(name);
    if (id === undefined) throw new Error(`${name} has no number. This is a bug.`);
    return id;
  }

  /** Gives the next numbers to images that have none, in their order. */
  add(names: readonly string[]): void {
    for (const name of names) {
      if (this.#ids.has(name)) continue;
      this.#last ??= highestOf(this.#ids);
      this.#ids.set(name, ++this.#last);
      this.#isSaved = false;
    }
  }

  /** Writes the list, unless it is on disk like this. A damaged one is kept in the run's own folder. */
  async save(outDir: string): Promise<void> {
    if (this.#isSaved) return;
    const { path, problem } = this.#list;
    this.#isSaved = true;
    if (problem !== undefined && !this.#isReplaced) await keepFile(outDir, path, '-images.jsonl');
    await writeImageList(outDir, this.#ids);
    this.#isReplaced = true;
  }
}

/** The numbers of the list, under the journal's own strings where it has the names: each name is in memory once. */
function listedNumbers({ list, journal }: NumberSources): Map<string, number> {
  const known = new Map<string, number>();
  for (const name of journal?.entries.keys() ?? []) {
    const listed = list.images.get(name);
    if (listed !== undefined) known.set(name, listed);
  }
  for (const [name, id] of list.images) if (!known.has(name)) known.set(name, id);
  return known;
}

function isWhole({ form, problem }: ImageList): boolean {
  return form !== 'missing' && problem === undefined;
}

/** Adds what the journal has and the list lacks. @returns How many */
function addJournalled(known: Map<string, number>, { list, journal, restarts }: NumberSources): number {
  let listed: Map<number, string> | undefined; // mostly nothing is missing
  let added = 0;
  for (const [name, { id, line }] of journal?.entries ?? []) {
    if (id === undefined || known.get(name) === id) continue;
    listed ??= new Map([...known].map(([image, number]) => [number, image]));
    const other = known.has(name) ? name : listed.get(id);
    if (other === undefined) {
      known.set(name, id);
      added++;
    } else if (!restarts) throw disagreeingError({ path: journal!.path, line, name, id }, list, other);
  }
  return added;
}

/** Version 0.1 gave numbers when it wrote views: not before the end of a run, and none in a journal. */
function mayBeUnnumbered({ list, wasFinished, isPublished }: NumberSources): boolean {
  const isOld = list.form === 'missing' ? !isPublished : list.form === 'strings' && list.problem === undefined;
  return isOld && !wasFinished;
}

/** @param isAll - No number was ever given to another image. */
function completeIds(known: Map<string, number>, names: readonly string[], isAll: boolean): Map<string, number> {
  if (!isAll) {
    const byName = numberByName([...known.keys(), ...names]);
    if ([...known].every(([name, id]) => byName.get(name) === id)) return byName;
  }
  let last = highestOf(known);
  const added = [...new Set(names.filter((name) => !known.has(name)))].sort(compareUtf8);
  for (const name of added) known.set(name, ++last);
  return known;
}

function highestOf(ids: ReadonlyMap<string, number>): number {
  let last = 0;
  for (const id of ids.values()) last = Math.max(last, id);
  return last;
}

function numberByName(names: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const name of [...new Set(names)].sort(compareUtf8)) numbers.set(name, numbers.size + 1);
  return numbers;
}

function hasSameIds(images: ImageList['images'], ids: ReadonlyMap<string, number>): boolean {
  if (images.size !== ids.size) return false;
  for (const [name, id] of ids) if (images.get(name) !== id) return false;
  return true;
}

function describeRebuilding({ path, form, problem }: ImageList, added: number): string[] {
  const what = problem ?? (form === 'missing' ? `${path} does not exist` : `${path} lacks images of the journal`);
  return problem !== undefined || added > 0 ? [`${what}; the numbers of the images are taken from the journal.`] : [];
}
