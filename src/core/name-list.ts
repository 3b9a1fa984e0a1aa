import { printable } from './text.js';

const NAMED = 10;

/** Names of files for a message, which has the first few and how many others there are. */
export class NameList {
  readonly #first: string[] = [];
  count = 0;

  add(name: string): void {
    if (this.#first.length < NAMED) this.#first.push(printable(name));
    this.count++;
  }

  /** `a.txt, b.txt and 3 more` */
  get summary(): string {
    const others = this.count - this.#first.length;
    return `${this.#first.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  }
}
