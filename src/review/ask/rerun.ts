import type { RunProgress } from '../../progress/run-progress.js';
import type { FoundFeatures } from './find-features.js';

/** How a run can be brought up to date. The command line gives it, which may import the pipeline. */
export interface Rerun {
  readonly featuresFolder?: string; // absolute; where the run stored features, or where they are looked for
  readonly ontology: OntologyPlace;
  /** The command of the run as it is typed, with other flags; undefined where it is not known. */
  commandWith(flags: Readonly<Record<string, string | true>>): string | undefined;
  /** Annotates everything again from features, as the command did. Reviews and numbers are kept. */
  update?(use: UpdateUse): Promise<void>; // left out where the command is not known
}

/** Where the ontology of a run was written. */
export type OntologyPlace =
  | { readonly file: string } // absolute
  | { readonly noFile: string }; // why there is none that could be changed

export interface UpdateUse {
  readonly features: Pick<FoundFeatures, 'folder' | 'dtype'>;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
}
