import type { AskState, KeepState, Question } from '../../core/gallery/ask.js';
import type { Decision } from '../../core/review/decision.js';
import type { SavedDecision } from '../../core/review/overwritten.js';
import type { GalleryPack } from '../../core/gallery/pack.js';
import type { SentStep } from './saving/save-queue.js';

/** Where the page has its data from, and what it can do: `review` has a server, a report holds its data itself. */
export interface Backend {
  /** Reads all images and boxes. @throws Error whose message can be shown */
  load(): Promise<GalleryPack>;
  /** Of the whole image. '': there is no picture; undefined: it may come with the rest of the file. */
  imageUrl(id: number): string | undefined;
  thumbnailUrl(id: number, width: number): string | undefined;
  /** The same, once a file that is still being read is there as a whole. */
  readonly whole?: Promise<Backend>;
  /** Of a file that holds all there is: what a reader should know of it. It never changes. */
  readonly fileNote?: string;
  /** Boxes are drawn into the pictures already. */
  readonly hasDrawnPictures?: boolean;
  /** Where the run, its images and its ontology are. */
  readonly places?: readonly (readonly [label: string, at: string])[];
  readonly review?: ReviewBackend; // left out: nothing can be changed
  readonly ask?: AskBackend; // left out: the model cannot be asked
}

/** Reads and saves what people decide. */
export interface ReviewBackend {
  readonly author: string;
  /** Why nothing can be saved, such as a run that is still going on; undefined: it can. */
  readonly readOnly: string | undefined;
  decisions(): Promise<Decision[]>;
  /** Ids of images whose files are other ones since they were decided on. */
  replaced?(): Promise<number[]>;
  /**
   * Resolves once the step is on disk.
   *
   * @param image - Id.
   * @throws RequestProblem: its kind tells whether it may be sent again
   */
  save(image: number, step: SentStep): Promise<SavedDecision>;
  /** Calls back for every decision that the page does not have, of this page and of others. */
  subscribe(listener: ReviewListener): void;
  /** What may be another one since the connection was lost. The pack: undefined where it is as it was loaded last. */
  refresh(): Promise<{ readonly backend: Backend; readonly pack: GalleryPack | undefined }>;
}

export interface ReviewListener {
  readonly after: number; // revision of the last decision that the page has
  onDecision(decision: SavedDecision): void;
  onMissed(): void; // decisions that the server cannot tell one by one: they have to be loaded again
  onRun(): void; // after a new run: everything has to be loaded again
  onState(isConnected: boolean, reason?: string): void; // why not, in words of the server
}

/** Asks the model with stored features. */
export interface AskBackend {
  /** Whether it can be asked, and if not, what storing features would take. */
  readonly state: AskState;
  /** Boxes of the whole folder. The pack has one class for each prompt, and the images of the run. */
  ask(question: Question, signal: AbortSignal): Promise<{ readonly pack: GalleryPack; readonly ms: number }>;
  /** Adds the question to the ontology, and begins to bring the run up to date. */
  keep(question: Question, as: { readonly class: string; readonly threshold?: number }): Promise<KeepState>;
  keepState(): Promise<KeepState>;
  /** Has ontology and run as they were before what was kept last. */
  takeBack(): Promise<KeepState>;
  /** Gives up taking back, and shows it no more. */
  dismiss(): Promise<KeepState>;
}
