import type { Ontology } from '../../core/ontology.js';
import type { ViewBox } from '../../core/review/view-box.js';
import type { XmlEscaper } from './escape.js';

/** Names of classes and prompts, ready for XML. */
export class EscapedTexts {
  readonly classes: readonly string[]; // by index
  readonly #prompts: readonly string[];
  readonly #others = new Map<string, string>(); // prompts of an earlier ontology, which found boxes that people kept
  readonly #escaper: XmlEscaper;

  constructor({ classes, queries }: Ontology, escaper: XmlEscaper) {
    this.classes = classes.map(({ name }) => escaper.escape(name));
    this.#prompts = queries.map(({ prompt }) => escaper.escape(prompt));
    this.#escaper = escaper;
  }

  /** The prompt that found a box; undefined for one that a person has drawn. */
  promptOf({ queryId, review }: ViewBox): string | undefined {
    if (queryId !== undefined) return this.#prompts[queryId]!;
    const prompt = review?.prompt;
    if (prompt === undefined) return undefined;
    const escaped = this.#others.get(prompt) ?? this.#escaper.escape(prompt);
    this.#others.set(prompt, escaped);
    return escaped;
  }
}
