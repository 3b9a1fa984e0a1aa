import { join, relative } from 'node:path';
import { counted, printable } from '../../core/text.js';

/** GitHub shows ten errors of a step and drops the others without a word. */
const MAX_ANNOTATIONS = 10;

/** An image that failed, as errors.jsonl has it. */
export interface FailedImage {
  readonly image: string; // name
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Where the images of a run are. */
export interface ImagePlace {
  readonly root: string | undefined; // absolute; undefined: they are remote
  readonly workspace: string; // absolute; GitHub links files below it
}

/**
 * Failed images as commands that make GitHub Actions show them beside the job.
 *
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function formatAnnotations(errors: readonly FailedImage[], place: ImagePlace): string {
  const isAll = errors.length <= MAX_ANNOTATIONS;
  const shown = isAll ? errors : errors.slice(0, MAX_ANNOTATIONS - 1);
  const rest = `${counted(errors.length - shown.length, 'more image', 'more images')} failed: see errors.jsonl`;
  return [
    ...shown.map((error) => formatError(error, place)),
    ...(isAll ? [] : [`::error title=preannotate::${escapeData(rest)}\n`]),
  ].join('');
}

function formatError({ image, code, message, hint }: FailedImage, { root, workspace }: ImagePlace): string {
  const file = root === undefined ? [] : [`file=${escapeProperty(relative(workspace, join(root, image)))}`];
  const properties = [...file, `title=${escapeProperty(`preannotate: ${code}`)}`];
  return `::error ${properties.join(',')}::${escapeData([message, hint].flatMap((part) => part ?? []).join(' '))}\n`;
}

function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25');
}

/** A line break must stay one: it is part of a name. */
function escapeProperty(text: string): string {
  const breaks = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return printable(breaks).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
