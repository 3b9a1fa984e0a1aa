import type { Encoded } from './protocol.js';
import type { WorkerDeath } from './worker-death.js';

interface Waiting {
  readonly resolve: (outcome: Encoded | WorkerDeath) => void;
  readonly reject: (error: Error) => void;
}

/** Encodings that one worker was asked for; it answers them in any order. */
export class PendingEncodings {
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns What was encoded, or how the worker died before it answered. */
  request(send: (id: number) => void): Promise<Encoded | WorkerDeath> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  resolve(id: number, encoded: Encoded): void {
    this.#waiting.get(id)?.resolve(encoded);
    this.#waiting.delete(id);
  }

  reject(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }

  /** The worker is gone. */
  abandon(death: WorkerDeath): void {
    for (const { resolve } of this.#waiting.values()) resolve(death);
    this.#waiting.clear();
  }
}
