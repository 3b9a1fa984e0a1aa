import type { ViewImage } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';

/** Everything a format needs to write itself. */
export interface View {
  /** Sorted by name (UTF-8 bytes), failed images left out. May be iterated more than once; reads the journal each time. */
  readonly images: AsyncIterable<ViewImage>;
  readonly ontology: Ontology;
  readonly root: string; // absolute folder that image names are relative to
  readonly outDir: string; // absolute folder of this format, made by the format: <out>/<format>
  readonly provenance: Provenance;
}

/** What made the annotations. Holds nothing that differs between two runs of the same job. */
export interface Provenance {
  readonly version: string; // of preannotate
  readonly model: string; // as the user wrote it
  readonly modelSha256: string;
  readonly year: number; // in which the output folder was begun
}

/** One view of the journal. Adding a format is one file and one line in `index.ts`. */
export interface AnnotationFormat {
  readonly title: string;
  /** A file of the view by which it is known again: a folder without it is not ours to replace. */
  readonly signature: string;
  /**
   * Writes the whole view. Files get their final names when they are complete.
   *
   * @returns What the user should know of it, a sentence each: what was renamed, left out or written twice.
   */
  write(view: View): Promise<string[]>;
}
