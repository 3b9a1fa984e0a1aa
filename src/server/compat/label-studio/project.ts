import { createHash } from 'node:crypto';
import { basename, isAbsolute } from 'node:path';
import { toAsked } from '../../../core/prompts/canonical-prompt.js';
import { PreannotateError } from '../../../core/errors.js';
import type { Ontology } from '../../../core/ontology.js';
import { RequestError } from '../../../http/request-error.js';
import { invalidOntologyError } from '../../request/ontologies.js';
import type { Backend, ServerState } from '../../request/server-state.js';
import { findBoxLabels, invalidConfigError, type BoxLabels, type Label } from './label-config.js';

/** A project whose tasks can be annotated. */
export interface Project {
  readonly boxes: BoxLabels; // of its labelling config
  readonly mapping: Readonly<Record<string, unknown>>; // its labels, as the `ontology` of other requests
  readonly ontology: Ontology;
  readonly version: string;
}

/**
 * Reads the labelling config of a project, for setup and for predictions alike: what one refuses, the other refuses.
 * Thresholds, templates and look-alikes to ignore are the server's own.
 *
 * @param pointer - Where the config is in the request.
 * @throws RequestError REQUEST_INVALID when the config has no place for boxes, its labels contradict each other, or
 *   their prompts are too many
 */
export async function readProject(config: string, server: ServerState, pointer: string): Promise<Project> {
  const boxes = findBoxLabels(config, pointer);
  const { ontology: own, statedSelection: stated } = server.job;
  const classes = boxes.labels.map((label) => toClass(label, own));
  const { canonical = false } = own;
  const asked = new Set(classes.flatMap(({ prompts }) => prompts.map((prompt) => toAsked(prompt, canonical))));
  const threshold = stated.overridesOntology ? stated.scoreThreshold : own.threshold;
  const mapping = {
    templates: own.templates,
    canonical,
    ...(threshold === undefined ? {} : { threshold }),
    classes,
    ignore: own.ignore.filter((prompt) => !asked.has(toAsked(prompt, canonical))),
  };
  try {
    return { boxes, mapping, ontology: await server.ontologies.read(mapping), version: toVersion(mapping, server) };
  } catch (error) {
    throw toConfigError(error, pointer);
  }
}

/**
 * Encodes the prompts of a project, which only the model can say is possible.
 *
 * @throws RequestError REQUEST_INVALID when a prompt is too long for the model; the signal's reason
 */
export async function encodePrompts(
  { ontology }: Project,
  { engine }: Backend,
  { pointer, signal }: { pointer: string; signal?: AbortSignal },
): Promise<void> {
  try {
    await engine.prepare(ontology, signal === undefined ? {} : { signal });
  } catch (error) {
    throw toConfigError(error, pointer);
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

function toConfigError(error: unknown, pointer: string): unknown {
  if (!(error instanceof PreannotateError) || error.code !== 'ONTOLOGY_INVALID') return error;
  const { errors } = error instanceof RequestError ? error : invalidOntologyError(error);
  const reasons = errors.map(({ detail }) => detail).join(' ');
  return invalidConfigError(pointer, `Its labels cannot be looked for: ${reasons}`);
}

/**
 * The version that Label Studio stores with predictions; a change of model, prompts, limits or of what the model is
 * given of an image changes it. Examples are not looked for, so the rule for them does not.
 */
function toVersion(mapping: object, server: ServerState): string {
  const { statedSelection, form, settings, worker } = server.job;
  const { imageSize, tiles, minObjectness, scoreFloor, maxDetections } = worker;
  const given = { ...form, imageSize, tiles, minObjectness, scoreFloor, maxDetections };
  const asked = JSON.stringify([mapping, statedSelection, settings.precision, given]);
  return `${modelNameOf(server)} ${createHash('sha256').update(asked).digest('hex').slice(0, 8)}`;
}

/** What the versions of all projects begin with. */
export function modelNameOf({ job }: ServerState): string {
  const { model } = job.settings;
  return isAbsolute(model) ? basename(model) : model;
}
