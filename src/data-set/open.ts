import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { DataSet } from '../core/data-set/data-set.js';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { describeReadError } from '../disk/readable-file.js';
import type { AnnotationFormat } from '../formats/format.js';
import { formats, type FormatName } from '../formats/index.js';
import { DataSetProbe } from '../formats/reading/probe.js';
import type { ReadOptions } from '../formats/reading/read-options.js';
import { readHeaderSize } from '../images/header-size.js';
import { readRun, recogniseRun } from './run.js';

type Reader = Pick<AnnotationFormat, 'title' | 'recognise' | 'read'>;

const RUN = { title: 'output folder of a run', recognise: recogniseRun, read: readRun } satisfies Reader;
const READERS: Readonly<Record<DataSetFormat, Reader>> = { ...formats, run: RUN };

/** What a data set can be read as. */
export type DataSetFormat = FormatName | 'run';

/** How to open a data set. */
export interface OpenOptions extends Partial<ReadOptions> {
  readonly format?: DataSetFormat | undefined; // left out: found by content
  readonly formatOption?: string; // that users give the format with; left out: --format
}

/** A data set, and what it was read as. */
export interface OpenedDataSet extends DataSet {
  readonly format: DataSetFormat;
}

/**
 * Opens annotation files of any format, or the output folder of a run. Sizes that files do not state are read from the
 * headers of the images, unless `sizeOf` is given.
 *
 * @param path - A file, or the folder of a data set.
 * @throws PreannotateError INPUT_NOT_FOUND; DATA_SET_INVALID when it is of no format, or of several.
 */
export async function openDataSet(path: string, options: OpenOptions = {}): Promise<OpenedDataSet> {
  const { format: asked, formatOption = '--format', ...given } = options;
  const probe = await openProbe(resolve(path));
  const format = asked ?? (await recogniseFormat(probe, formatOption));
  const { imagesRoot } = given;
  await requireImagesFolder(imagesRoot);
  const sizeOf: ReadOptions['sizeOf'] = async ({ name, path: file }) => {
    const size = file === undefined ? undefined : await readHeaderSize(file);
    return size ?? (imagesRoot === undefined ? undefined : await readHeaderSize(join(imagesRoot, name)));
  };
  return { format, ...(await READERS[format].read(probe, { sizeOf, ...given })) };
}

/**
 * @param folder - Absolute; undefined where the user names none.
 * @throws PreannotateError INPUT_NOT_FOUND when it is no folder.
 */
export async function requireImagesFolder(folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const problem = await stat(folder).then(
    (stats) => (stats.isDirectory() ? undefined : 'it is not a folder'),
    (error: unknown) => (systemCodeOf(error) === 'ENOENT' ? 'there is no such folder' : describeReadError(error)),
  );
  if (problem === undefined) return;
  const message = `${printable(folder)}: ${problem}.`;
  throw new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message,
    hint: 'Give the folder of the images: --images-root.',
  });
}

/** @throws PreannotateError INPUT_NOT_FOUND, DATA_SET_INVALID */
export async function openProbe(path: string): Promise<DataSetProbe> {
  const probe = await statProbe(path);
  if (!probe.isFolder && (await probe.head(path))?.startsWith('PK\u0003\u0004')) throw archiveError(path);
  return probe;
}

async function statProbe(path: string): Promise<DataSetProbe> {
  try {
    return await DataSetProbe.open(path);
  } catch (error) {
    const code = systemCodeOf(error) === 'ENOENT' ? 'INPUT_NOT_FOUND' : 'DATA_SET_INVALID';
    const message = `${printable(path)}: ${describeReadError(error)}.`;
    throw new PreannotateError(
      { code, message, hint: 'Name a file of annotations, or the folder of a data set.' },
      error,
    );
  }
}

/** @throws PreannotateError DATA_SET_INVALID when a path is of no format, or of several. */
export async function recogniseFormat(probe: DataSetProbe, option = '--format'): Promise<DataSetFormat> {
  if (await RUN.recognise(probe)) return 'run'; // its folder holds its views, too
  const readers = Object.entries(READERS) as [DataSetFormat, Reader][];
  const found: DataSetFormat[] = [];
  for (const [name, reader] of readers) if (await reader.recognise(probe)) found.push(name);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw await unknownFormatError(probe, option);
  throw new PreannotateError({
    code: 'DATA_SET_INVALID',
    message: `${printable(probe.path)} holds annotations of several formats: ${found.join(', ')}.`,
    hint: `Name one of the files or folders in it, or say with ${option} which one is meant.`,
  });
}

async function unknownFormatError(probe: DataSetProbe, option: string): Promise<PreannotateError> {
  const tried = Object.entries(READERS).map(([name, { title }]) => `${name} (${title})`);
  const message = `${printable(probe.path)} holds annotations of no known format: ${tried.join(', ')}.`;
  const [archive] = await probe.files('.zip');
  const unpack = archive === undefined ? 'Name' : `Unpack ${printable(basename(archive))}, or name`;
  const hint = `${unpack} the file of annotations or the folder it is in, or say with ${option} what it is.`;
  return new PreannotateError({ code: 'DATA_SET_INVALID', message, hint });
}

/** Labelling tools export archives, which no reader would name as such. */
function archiveError(path: string): PreannotateError {
  const hint = 'Unpack it, and name the folder that it was unpacked to.';
  return new PreannotateError({ code: 'DATA_SET_INVALID', message: `${printable(path)} is a ZIP archive.`, hint });
}
