/** Names of images by a key. They are told apart by a finer key only when another image has the same one. */
export class Candidates {
  readonly #names = new Map<number, string | string[]>(); // none: ''
  readonly #moving = new Map<number, Promise<void>>();
  readonly #move: (names: readonly string[], key: number) => Promise<void>;

  /** @param move - Has the names of a key known by a finer one. */
  constructor(move: (names: readonly string[], key: number) => Promise<void>) {
    this.#move = move;
  }

  /** Whether there was an image of this key. */
  has(key: number): boolean {
    return this.#names.has(key);
  }

  add(key: number, name: string): void {
    const names = this.#names.get(key);
    if (names === undefined || names === '') this.#names.set(key, name);
    else if (typeof names === 'string') this.#names.set(key, [names, name]);
    else names.push(name);
  }

  /** Moves the names of a key, unless that was done before. */
  async moveAll(key: number): Promise<void> {
    const running = this.#moving.get(key);
    if (running !== undefined) {
      await running;
      return;
    }
    const names = this.#names.get(key);
    if (names === undefined || names === '') return;
    this.#names.set(key, '');
    const moving = this.#move(typeof names === 'string' ? [names] : names, key);
    this.#moving.set(key, moving);
    await moving.finally(() => this.#moving.delete(key));
  }
}
