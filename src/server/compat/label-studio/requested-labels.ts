import { createHash } from 'node:crypto';
import { basename, isAbsolute } from 'node:path';
import type { Ontology } from '../../../core/ontology.js';
import { RequestError } from '../../http/request-error.js';
import type { ServerState } from '../../request/server-state.js';
import { invalidConfigError, type Label, type RectangleLabels } from './label-config.js';

/** The labels of a project, as the `ontology` of other requests. */
export interface RequestedLabels {
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly ontology: Ontology;
}

/**
 * Makes an ontology of a project's labels. Thresholds, templates and look-alikes to ignore are the server's own.
 *
 * @param pointer - Where the config is in the request.
 * @throws RequestError REQUEST_INVALID when the labels contradict each other or their prompts are too many
 */
export async function readRequestedLabels(
  { labels }: RectangleLabels,
  server: ServerState,
  pointer: string,
): Promise<RequestedLabels> {
  const { ontology: own, statedSelection: stated } = server.job;
  const classes = labels.map((label) => toClass(label, own));
  const asked = new Set(classes.flatMap(({ prompts }) => prompts.map((prompt) => prompt.toLowerCase())));
  const threshold = stated.overridesOntology ? stated.scoreThreshold : own.threshold;
  const mapping = {
    templates: own.templates,
    ...(threshold === undefined ? {} : { threshold }),
    classes,
    ignore: own.ignore.filter((prompt) => !asked.has(prompt.toLowerCase())),
  };
  try {
    return { mapping, ontology: await server.ontologies.read(mapping) };
  } catch (error) {
    throw error instanceof RequestError && error.code === 'ONTOLOGY_INVALID' ? toConfigError(error, pointer) : error;
  }
}

/** A label is found by its own prompts, else by those of the server's class of that name, else by its text. */
function toClass({ name, wording, prompts }: Label, own: Ontology) {
  const known =
    own.classes.find((each) => each.name === wording) ??
    own.classes.find((each) => each.name.toLowerCase() === wording.toLowerCase());
  if (prompts.length > 0) return { name, prompts };
  if (known === undefined || known.prompts.length === 0) return { name, prompts: [wording] };
  return { name, prompts: known.prompts, ...(known.threshold === undefined ? {} : { threshold: known.threshold }) };
}

function toConfigError({ errors }: RequestError, pointer: string): RequestError {
  return invalidConfigError(
    pointer,
    `Its labels cannot be looked for: ${errors.map(({ detail }) => detail).join(' ')}`,
  );
}

/** The version that Label Studio stores with predictions; a change of model, prompts or thresholds changes it. */
export function formatModelVersion({ job }: ServerState, requested: RequestedLabels | undefined): string {
  const { model } = job.settings;
  const name = isAbsolute(model) ? basename(model) : model;
  if (requested === undefined) return name;
  const asked = JSON.stringify([requested.mapping, job.statedSelection]);
  return `${name} ${createHash('sha256').update(asked).digest('hex').slice(0, 8)}`;
}
