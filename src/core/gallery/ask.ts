/** What a page asks the model about a run, and what it is answered, beside the boxes. */

/** What is looked for in all images: wordings, or what a box shows. */
export type Question =
  | { readonly prompts: readonly string[] }
  | { readonly like: { readonly image: number; readonly box: readonly [number, number, number, number] } };

/** In which form the file of an ontology is: in full, as pairs or lists of prompts and classes, or as names alone. */
export type OntologyForm = 'full' | 'short' | 'names' | 'data.yaml';

/** What Keep would change. */
export interface OntologyFile {
  readonly name: string;
  readonly form: OntologyForm;
}

/** Whether the form of a file has no place for what is kept, so that it is written in full. */
export function needsFullForm(
  form: OntologyForm,
  kept: {
    readonly class: string;
    readonly prompts: readonly string[]; // none for an example
    readonly threshold?: number | undefined;
  },
): boolean {
  if (form !== 'short' && form !== 'names') return false;
  if (kept.threshold !== undefined || kept.prompts.length === 0) return true;
  return form === 'names' && kept.prompts.join('\n') !== kept.class;
}

/** Whether the model can be asked. */
export type AskState =
  | { readonly isReady: true; readonly images: number; readonly ontology?: OntologyFile }
  | { readonly isReady: false; readonly reason: string; readonly command?: string; readonly cost?: string };

/** What becomes of a result that is kept. */
export type KeepState =
  | { readonly is: 'idle' }
  | { readonly is: 'running'; readonly class: string; readonly done: number; readonly total: number }
  | {
      readonly is: 'done';
      readonly class: string;
      readonly what: string; // was added, or taken back: `the prompt “a teacup” for the class “cup”`
      readonly file: string;
      readonly backup?: string;
      readonly isBack: boolean; // it was taken back
      readonly canTakeBack: boolean;
      readonly warning?: string; // later reviews cannot take it back, and why
    }
  | { readonly is: 'failed'; readonly class: string; readonly isBack: boolean; readonly message: string }
  // There is no file that could be changed: this is what it would hold, and the command for it.
  | { readonly is: 'manual'; readonly reason: string; readonly yaml: string; readonly command: string };
