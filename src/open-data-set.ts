import { resolve } from 'node:path';
import type { DataSet } from './core/data-set/data-set.js';
import { PreannotateError, systemCodeOf } from './core/errors.js';
import { printable } from './core/text.js';
import { describeReadError } from './disk/readable-file.js';
import type { AnnotationFormat } from './formats/format.js';
import type { ReadOptions } from './formats/reading/read-options.js';
import { formatNames, formats, type FormatName } from './formats/index.js';
import { DataSetProbe } from './formats/reading/probe.js';

/** How to open a data set. */
export interface OpenOptions extends ReadOptions {
  readonly format?: FormatName | undefined; // left out: found by content
}

/** A data set, and what it was read as. */
export interface OpenedDataSet extends DataSet {
  readonly format: FormatName;
}

/**
 * Opens annotation files of any format.
 *
 * @param path - A file, or the folder of a data set.
 * @throws PreannotateError INPUT_NOT_FOUND; DATA_SET_INVALID when it is of no format, or of several.
 */
export async function openDataSet(path: string, { format: asked, ...options }: OpenOptions): Promise<OpenedDataSet> {
  const probe = await openProbe(resolve(path));
  const format = asked ?? (await recogniseFormat(probe));
  const reader: AnnotationFormat = formats[format];
  return { format, ...(await reader.read(probe, options)) };
}

async function openProbe(path: string): Promise<DataSetProbe> {
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

async function recogniseFormat(probe: DataSetProbe): Promise<FormatName> {
  const found: FormatName[] = [];
  for (const name of formatNames) if (await formats[name].recognise(probe)) found.push(name);
  if (found.length === 1) return found[0]!;
  const tried = formatNames.map((name) => `${name} (${formats[name].title})`).join(', ');
  throw new PreannotateError({
    code: 'DATA_SET_INVALID',
    message:
      found.length === 0
        ? `${printable(probe.path)} holds annotations of no format that is known: ${tried}.`
        : `${printable(probe.path)} holds annotations of several formats: ${found.join(', ')}.`,
    hint:
      found.length === 0
        ? 'Name the file of annotations or the folder it is in, or the format with --format.'
        : 'Name one of the files or folders in it, or the format with --format.',
  });
}
