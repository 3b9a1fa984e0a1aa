import { counted } from '../../core/text.js';

/** Counts what a data set has beside upright boxes with a class. */
export class ShapeCounts {
  readonly #boxed = new Map<string, number>();
  readonly #skipped = new Map<string, number>();

  /** @param kind - In the singular: `polygon`. */
  boxed(kind: string): void {
    this.#boxed.set(kind, (this.#boxed.get(kind) ?? 0) + 1);
  }

  skipped(kind: string): void {
    this.#skipped.set(kind, (this.#skipped.get(kind) ?? 0) + 1);
  }

  get notes(): string[] {
    return [
      ...(this.#boxed.size > 0 ? [`Bounding boxes are read for ${listed(this.#boxed)}.`] : []),
      ...(this.#skipped.size > 0 ? [`Left out, because they are not boxes: ${listed(this.#skipped)}.`] : []),
    ];
  }
}

function listed(counts: ReadonlyMap<string, number>): string {
  const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return kinds.map(([kind, count]) => counted(count, kind, pluralOf(kind))).join(', ');
}

function pluralOf(kind: string): string {
  return /(?:x|ch|sh|ss)$/.test(kind) ? `${kind}es` : kind.endsWith('s') ? kind : `${kind}s`;
}
