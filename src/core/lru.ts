/** A map up to a limit: of entries, or of what they weigh. Beyond it, those that were used least recently go. */
export class LruMap<Key, Value> {
  readonly #limit: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<Key, Value>(); // the one that was used last at the end
  #weight = 0;

  constructor(limit: number, weigh: (value: Value) => number = () => 1) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value); // a Map keeps the order of insertion
    return value;
  }

  /**
   * Sets an entry; one that alone is beyond the limit is not kept.
   *
   * @returns The keys of the entries that had to make room.
   */
  set(key: Key, value: Value): Key[] {
    this.#delete(key);
    const weight = this.#weigh(value);
    if (weight > this.#limit) return [];
    this.#entries.set(key, value);
    this.#weight += weight;
    const evicted: Key[] = [];
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#limit) break;
      this.#delete(oldest);
      evicted.push(oldest);
    }
    return evicted;
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  #delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#weight -= this.#weigh(value);
    this.#entries.delete(key);
  }
}
