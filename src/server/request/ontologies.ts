import { loadOntology } from '../../config/ontology/load-ontology.js';
import { PreannotateError } from '../../core/errors.js';
import { LruMap } from '../../core/lru.js';
import { excerpt } from '../../core/text.js';
import { buildOntology, type Ontology, type OntologySpec } from '../../core/ontology.js';
import { sha256Of } from '../../disk/cache.js';
import { pointerOf, RequestError } from '../../http/request-error.js';

/** Untrusted clients choose the prompts, and every prompt costs memory and time for each image. */
const MAX_TEXTS = 500; // prompts times templates
const MAX_TEXT_CHARACTERS = 200;
const MAX_CHARACTERS = 200_000; // of the whole ontology, as JSON

/** As many as workers keep; with 500 prompts each, their embeddings take 64 MB. */
const MAX_ONTOLOGIES = 64;

const POINTED = /^(\/\S*): (.*)$/s;

/** Ontologies of requests. An equal one is the same object again, so that the engine reuses its embeddings. */
export class RequestOntologies {
  readonly #known = new LruMap<string, Promise<Ontology>>(MAX_ONTOLOGIES);

  /**
   * @param mapping - Parsed JSON.
   * @throws RequestError ONTOLOGY_INVALID with a JSON pointer for each problem
   */
  read(mapping: Readonly<Record<string, unknown>>): Promise<Ontology> {
    const text = JSON.stringify(mapping);
    if (text.length > MAX_CHARACTERS) {
      return Promise.reject(
        invalidOntologyError(ontologyTooLargeError(`${text.length} characters, more than ${MAX_CHARACTERS}`)),
      );
    }
    const key = sha256Of(text);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ontology = readOntology(mapping); // an invalid one is cached too
    this.#known.set(key, ontology);
    return ontology;
  }
}

async function readOntology(mapping: Readonly<Record<string, unknown>>): Promise<Ontology> {
  const where = (path: readonly PropertyKey[]) => excerpt(pointerOf(['ontology', ...path])); // a line for each problem
  try {
    const { spec } = await loadOntology({ mapping, file: 'ontology', where });
    requireWithinLimits(spec);
    return buildOntology(spec);
  } catch (error) {
    throw error instanceof PreannotateError ? invalidOntologyError(error) : error;
  }
}

function requireWithinLimits({ templates, classes, ignore }: OntologySpec): void {
  const prompts = [...classes.flatMap((each) => each.prompts), ...ignore];
  const texts = prompts.length * Math.max(1, templates.length);
  if (texts > MAX_TEXTS) throw ontologyTooLargeError(`${texts} prompts (times templates), more than ${MAX_TEXTS}`);
  for (const text of [...prompts, ...templates, ...classes.map(({ name }) => name)]) {
    if (text.length > MAX_TEXT_CHARACTERS) {
      throw ontologyTooLargeError(
        `a prompt, template or name of ${text.length} characters, more than ${MAX_TEXT_CHARACTERS}`,
      );
    }
  }
}

function ontologyTooLargeError(what: string): PreannotateError {
  return new PreannotateError({ code: 'ONTOLOGY_INVALID', message: `/ontology: it has ${what}.`, hint: '' });
}

/** The errors of an ontology by JSON pointer, those of the tokenizer included. */
export function invalidOntologyError({ message, clientHint = '' }: PreannotateError): RequestError {
  const errors = message.split('\n').map((line) => {
    const [, pointer = '/ontology', detail = line] = POINTED.exec(line) ?? [];
    return { pointer, detail };
  });
  return new RequestError('ONTOLOGY_INVALID', `The ontology cannot be used. ${clientHint}`.trim(), { errors });
}
