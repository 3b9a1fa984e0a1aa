/**
 * Boxes for images, from programs: the same engine, options and files as the command line's. Importing this loads next
 * to nothing; each function loads what it needs when it is called.
 */
import type { CallError, CallErrorClass } from './api/error-types.js';
import type { Detector, DetectorOptions } from './api/detector-types.js';
import type { AnnotateOptions, AnnotateResult, Run } from './api/run-types.js';
import { PreannotateError as ErrorClass } from './core/errors.js';

export type * from './api/detector-types.js';
export type * from './api/options.js';
export type * from './api/run-types.js';
export type { ErrorCode } from './api/error-types.js';

/** What calls are refused with, and fail with: `error instanceof PreannotateError`. */
export const PreannotateError: CallErrorClass = ErrorClass as unknown as CallErrorClass;
export type PreannotateError = CallError;

/**
 * Loads a model, in processes of its own, for single images. A program that does not dispose of it ends all the same
 * when it has nothing else to do; the processes end with it.
 *
 * @throws PreannotateError when the model cannot be had (MODEL_…), an option or the ontology is wrong (CONFIG_INVALID,
 *   ONTOLOGY_INVALID), or no device can compute (DEVICE_UNAVAILABLE). The reason of `signal` when that is aborted.
 */
export async function openDetector(options: DetectorOptions = {}): Promise<Detector> {
  const { startDetector } = await import('./api/detector.js');
  return await startDetector(options);
}

/**
 * Annotates images and writes annotation files, as `preannotate run` does. The same call continues a run that was
 * stopped.
 *
 * @throws PreannotateError for what `preannotate run` refuses, or MASS_FAILURE when more images fail than `maxErrors`
 *   allows. A single image that fails is in the result. The reason of `signal` when that is aborted.
 */
export async function annotate(options: AnnotateOptions): Promise<AnnotateResult> {
  const { annotateImages } = await import('./api/annotate.js');
  return await annotateImages(options);
}

/**
 * Opens the output folder of a run for reading. Nothing is kept open; the images are read when they are asked for.
 *
 * @throws PreannotateError INPUT_NOT_FOUND when the folder holds no run, JOURNAL_DAMAGED when a file of it is damaged.
 */
export async function readRun(outDir: string): Promise<Run> {
  const { openStoredRun } = await import('./api/stored-run.js');
  return await openStoredRun(outDir);
}
