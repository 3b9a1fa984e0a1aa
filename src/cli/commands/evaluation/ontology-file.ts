import { readFile } from 'node:fs/promises';
import { loadOntology } from '../../../config/ontology/load-ontology.js';
import {
  editThresholds,
  hasThresholds,
  listChangedLines,
  type ChangedLine,
  type ThresholdEdits,
} from '../../../config/ontology/edit/thresholds.js';
import { saveOntologyFile } from '../../../config/ontology/edit/save-file.js';
import { isShippedFile } from '../../../config/ontology/shipped.js';
import { PreannotateError } from '../../../core/errors.js';
import type { OntologySpec } from '../../../core/ontology.js';
import { printable } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';

const BYTE_ORDER_MARK = '\ufeff';

/** The file of an ontology whose thresholds are to be changed. */
export class OntologyFile {
  readonly path: string; // absolute
  readonly name: string; // as messages call it
  readonly spec: OntologySpec;
  readonly #text: string;
  #edited: string;

  private constructor(path: string, text: string, spec: OntologySpec) {
    this.path = path;
    this.name = printable(displayPath(path));
    this.spec = spec;
    this.#text = text;
    this.#edited = text;
  }

  /**
   * @param ontology - The option: a path, the mapping of a config file, or nothing.
   * @param isWritten - Whether it is to be changed.
   * @returns undefined where there is no file.
   * @throws PreannotateError USAGE when there is no file that could be changed; ONTOLOGY_INVALID.
   */
  static async open(ontology: unknown, isWritten: boolean): Promise<OntologyFile | undefined> {
    if (typeof ontology !== 'string') {
      if (isWritten) throw noFileError('--write needs the file of the ontology.', 'Give it with --ontology.');
      return undefined;
    }
    if (isWritten && isShippedFile(ontology)) {
      const hint = 'Copy it, or leave --write out and save what is printed.';
      throw noFileError(`${displayPath(ontology)} belongs to the package and is not changed.`, hint);
    }
    const { spec } = await loadOntology({ file: ontology });
    return new OntologyFile(ontology, await readFile(ontology, 'utf8'), spec);
  }

  /** Whether thresholds can be written into it: it is in full form. */
  get hasPlace(): boolean {
    return hasThresholds(this.#text);
  }

  /** The lines that change. @throws PreannotateError ONTOLOGY_INVALID for a form without thresholds. */
  edit(edits: ThresholdEdits): ChangedLine[] {
    const mark = this.#text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    const text = this.#text.slice(mark.length);
    this.#edited = mark + editThresholds(text, edits, this.name);
    return listChangedLines(this.#text, this.#edited);
  }

  /**
   * Writes what was edited, and keeps the old file.
   *
   * @returns The name of the old file.
   * @throws PreannotateError USAGE when it was changed since it was read.
   */
  save(): Promise<string> {
    return saveOntologyFile({ path: this.path, before: this.#text, after: this.#edited });
  }
}

function noFileError(message: string, hint: string): PreannotateError {
  return new PreannotateError({ code: 'USAGE', message, hint });
}
