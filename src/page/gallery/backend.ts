import type { AskState, KeepState, Question } from '../../core/gallery/ask.js';
import type { Change, Decision } from '../../core/review/decision.js';
import type { GalleryPack } from '../../core/gallery/pack.js';

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
  /**
   * Resolves once the changes are on disk.
   *
   * @param image - Id.
   * @param seen - Digest of the bytes of the image that the changes are about.
   * @throws RequestProblem: its kind tells whether they may be sent again
   */
  save(image: number, changes: readonly Change[], seen: string | undefined): Promise<Decision>;
  /** Calls back for every decision, of this tab and of others, and after a new run, to load everything again. */
  subscribe(listener: {
    onDecision(decision: Decision): void;
    onRun(): void;
    onState(isConnected: boolean, reason?: string): void; // why not, in words of the server
  }): void;
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
}
