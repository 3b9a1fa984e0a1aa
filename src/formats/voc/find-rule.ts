import { counted } from '../../core/text.js';
import type { PixelRule } from './boxes.js';
import type { VocAnnotation } from './parse-annotation.js';

const WORDS: Readonly<Record<PixelRule, string>> = {
  inclusive: '1-based, with the last pixel included',
  continuous: '0-based, with the second corner outside',
  shifted: '1-based, with the second corner outside',
};

/** What `source/annotation` says: of our own files, and of the original data sets. */
export function statedRule({ source }: VocAnnotation): PixelRule | undefined {
  if (/\b0-based\b/i.test(source)) return 'continuous';
  return /\b1-based\b|^PASCAL VOC ?20\d\d/i.test(source) ? 'inclusive' : undefined;
}

/**
 * Finds how the files of a data set count pixels, which few state. 0-based files give themselves away by a coordinate
 * below 1, which some box at an edge has, or by fractions; those of supervision by a corner one beyond the image. Where
 * nothing does, they are taken as Pascal VOC defines them: 1-based, inclusive.
 */
export class RuleFinder {
  #evidence: { readonly rule: PixelRule; readonly reason: string; readonly rank: number } | undefined;
  readonly #stated = new Map<PixelRule, number>(); // files
  #unstated = 0;
  #boxes = 0;

  /** @param file - For messages. */
  take(annotation: VocAnnotation, file: string): void {
    const { objects, size } = annotation;
    if (objects.length === 0) return;
    const stated = statedRule(annotation);
    if (stated !== undefined) {
      this.#stated.set(stated, (this.#stated.get(stated) ?? 0) + 1);
      return;
    }
    this.#unstated++;
    this.#boxes += objects.length;
    for (const { corners, line } of objects) {
      const [xmin, ymin, xmax, ymax] = corners;
      const where = `${file}:${line}`;
      if (Math.min(xmin, ymin) < 1) this.#add(3, 'continuous', `${where} has a coordinate below 1`);
      else if (size !== undefined && (xmax === size.width + 1 || ymax === size.height + 1))
        this.#add(2, 'shifted', `${where} ends one pixel outside the image`);
      else if (!corners.every(Number.isInteger)) this.#add(1, 'continuous', `${where} has fractions of pixels`);
    }
  }

  /** Of the files that do not state it. */
  get rule(): PixelRule {
    return this.#evidence?.rule ?? 'inclusive';
  }

  get notes(): string[] {
    const notes: string[] = [];
    for (const [rule, files] of this.#stated) {
      const which = this.#unstated > 0 || this.#stated.size > 1 ? ` of ${counted(files, 'file')}` : '';
      notes.push(`The boxes${which} are ${WORDS[rule]}, as "source/annotation" states.`);
    }
    if (this.#unstated > 0) {
      const reason = this.#evidence?.reason ?? `none of ${this.#boxes} has a coordinate below 1 or a fraction`;
      notes.push(
        `The boxes${this.#stated.size > 0 ? ' of the other files' : ''} are taken as ${WORDS[this.rule]}: ${reason}.`,
      );
    }
    return notes;
  }

  #add(rank: number, rule: PixelRule, reason: string): void {
    if (rank > (this.#evidence?.rank ?? 0)) this.#evidence = { rule, reason, rank };
  }
}
