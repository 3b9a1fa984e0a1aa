import type { GalleryFacts } from '../../../core/gallery/pack.js';

/**
 * The numbers that images, classes and prompts of a run have after it was brought up to date: each is found again by
 * its name. Undefined: it is gone.
 */
export class Renumbering {
  readonly #before: GalleryFacts;
  readonly #images: ReadonlyMap<string, number>;
  readonly #classes: ReadonlyMap<string, number>;
  readonly #prompts: ReadonlyMap<string, number>;

  constructor(before: GalleryFacts, after: GalleryFacts) {
    this.#before = before;
    this.#images = numbersOf(after.images.names);
    this.#classes = numbersOf(after.classes.map(({ name }) => name));
    this.#prompts = numbersOf(after.prompts.map((_, i) => nameOfPrompt(after, i)));
  }

  imageOf(index: number): number | undefined {
    return this.#images.get(this.#before.images.names[index] ?? '');
  }

  classOf(index: number): number | undefined {
    return this.#classes.get(this.#before.classes[index]?.name ?? '');
  }

  promptOf(index: number): number | undefined {
    return this.#prompts.get(nameOfPrompt(this.#before, index));
  }
}

function numbersOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name, index]));
}

/** Several classes may have a prompt of the same words. */
function nameOfPrompt({ classes, prompts }: GalleryFacts, index: number): string {
  const prompt = prompts[index];
  return JSON.stringify([prompt?.text, prompt === undefined ? undefined : classes[prompt.class]?.name]);
}
