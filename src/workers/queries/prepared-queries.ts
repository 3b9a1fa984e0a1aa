import type { InputForm } from '../../core/inference/input-form.js';
import type { Ontology, OntologyPlaces } from '../../core/ontology.js';
import type { ChosenExample } from '../../core/seen-example.js';
import type { ExampleRule } from '../../core/inference/example-rule.js';
import type { ImageSize } from '../../model/artifact.js';
import type { QueryBank } from '../../model/query-groups.js';
import type { Model } from '../../model/source.js';

/** The queries of an ontology, under a key that stands for all of it. */
export interface PreparedQueries extends QueryBank {
  readonly key: string;
  readonly examples: readonly ChosenExample[];
}

/** What encoding prompts and examples depends on. */
export interface QuerySource extends InputForm {
  readonly model: Model;
  readonly allowTruncate: boolean;
  readonly ontology: Ontology; // of the job; all others came with requests
  readonly places: OntologyPlaces; // of the job's ontology
  readonly exampleRule: ExampleRule;
  readonly examplesAreStored?: boolean; // queries come from the stored features of examples
  readonly imageSize?: ImageSize; // as requested; examples are shown to the model as images are
}
