const MAX_ENTRIES = 10_000;

/** How many bytes were used last at which times: exact for few files, coarser for many, and never large. */
export class UseTimes {
  #bytesAt = new Map<number, number>(); // by time, in steps
  #stepMs = 1;
  bytes = 0;

  add(usedMs: number, bytes: number): void {
    this.bytes += bytes;
    this.#addTo(this.#bytesAt, this.#stepOf(usedMs), bytes);
    if (this.#bytesAt.size > MAX_ENTRIES) this.#coarsen();
  }

  /** The time up to which files go so that at least this many bytes go. */
  findLast(bytes: number): number {
    let left = bytes;
    for (const [step, size] of [...this.#bytesAt].sort(([a], [b]) => a - b)) {
      left -= size;
      if (left <= 0) return (step + 1) * this.#stepMs - 1;
    }
    return Infinity;
  }

  #coarsen(): void {
    const before = this.#bytesAt;
    this.#bytesAt = new Map();
    this.#stepMs *= 2;
    for (const [step, bytes] of before) this.#addTo(this.#bytesAt, Math.floor(step / 2), bytes);
    if (this.#bytesAt.size > MAX_ENTRIES / 2) this.#coarsen();
  }

  #addTo(bytesAt: Map<number, number>, step: number, bytes: number): void {
    bytesAt.set(step, (bytesAt.get(step) ?? 0) + bytes);
  }

  #stepOf(usedMs: number): number {
    return Math.floor(usedMs / this.#stepMs);
  }
}
