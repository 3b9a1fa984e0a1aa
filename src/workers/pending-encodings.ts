import type { Encoded } from './protocol.js';

/** PendingEncodings that one worker was asked for; it answers them in any order. */
export class PendingEncodings {
  readonly #waiting = new Map<
    number,
    { resolve: (encoded: Encoded | undefined) => void; reject: (error: Error) => void }
  >();
  #nextId = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns What was encoded, or undefined when the worker died before it had it. */
  ask(send: (id: number) => void): Promise<Encoded | undefined> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  answered(id: number, encoded: Encoded): void {
    this.#waiting.get(id)?.resolve(encoded);
    this.#waiting.delete(id);
  }

  failed(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }

  /** The worker is gone. */
  lost(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
