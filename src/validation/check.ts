import type { LabelledImage } from '../core/data-set/data-set.js';
import type { DataSetProbe } from '../formats/reading/probe.js';
import type { Mistake, Report } from './findings.js';
import type { ImageFiles } from './image-files.js';

/** What is checked of a format beyond what holds for all. */
export interface FormatCheck {
  /** Reads the files as they are. What cannot be parsed is left to the reader of the format to report. */
  readonly files?: (probe: DataSetProbe, report: Report) => Promise<void>;
  /** Reads the file of an image again, as it is. Called for several images at once. */
  readonly image?: (image: LocatedImage, files: ImageFiles) => Promise<readonly Mistake[]>;
  /** Looks at the folders of a data set with its images, once they were checked. */
  readonly folders?: (probe: DataSetProbe, report: Report) => Promise<void>;
}

/** An image, and its file where that is known. */
export interface LocatedImage extends LabelledImage {
  readonly path: string | undefined; // absolute
}
