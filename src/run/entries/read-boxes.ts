import { CORNERS, PATCH, PROMPT, SCORE, type BoxRows } from '../../core/gallery/box-rows.js';
import { PIXEL_STEPS, SCORE_STEPS } from '../../core/gallery/pack.js';
import { bodyOf } from '../../disk/checked-line.js';
import { isImageRecord, type ImageRecord } from '../record.js';

/** An image of a journal, without its boxes. */
export type ImageFacts = Omit<ImageRecord, 'detections'>;

/** The number of the prompt that found a box of an image. @throws Error when there is no such prompt */
export type FindPrompt = (image: string, box: ImageRecord['detections'][number]) => number;

const BEFORE_DETECTIONS = Buffer.from(',"detections":[');
const AFTER_DETECTIONS = Buffer.from('],"size_bytes":');
const BEFORE_SCORE = Buffer.from('","score":');
const BEFORE_BOX = Buffer.from(',"box":[');
const BEFORE_PATCH = Buffer.from('],"patch":');
const [ZERO, NINE, DOT, COMMA, OPEN, CLOSE] = Buffer.from('09.,{}') as unknown as number[];
const NONE = -1;

/**
 * Reads lines of a journal as this program writes them, without making an object of each box: large journals have
 * millions of boxes. Other lines are parsed as JSON.
 */
export class BoxReader {
  readonly #findPrompt: FindPrompt;
  readonly #promptOf = new Map<string, number>(); // by how its boxes begin
  readonly #number = { value: 0, end: 0 };

  constructor(findPrompt: FindPrompt) {
    this.#findPrompt = findPrompt;
  }

  /**
   * @param line - Of an image, whose checksum is right.
   * @param rows - Get the boxes of the image.
   * @returns undefined when the line is not a record.
   */
  read(line: Buffer, rows: BoxRows): ImageFacts | undefined {
    rows.count = 0;
    const body = bodyOf(line);
    const start = body.indexOf(BEFORE_DETECTIONS);
    const end = body.lastIndexOf(AFTER_DETECTIONS); // in no string: there, a quotation mark has a backslash before it
    if (start === -1 || end < start) return this.#parse(line, rows);
    const image = parseRecord(
      `${body.toString('latin1', 0, start)},"detections":[${body.toString('latin1', end)}}`,
      body,
    );
    if (image === undefined) return this.#parse(line, rows);
    return this.#scan(body, { start: start + BEFORE_DETECTIONS.length, end, rows, image: image.image })
      ? image
      : this.#parse(line, rows);
  }

  #parse(line: Buffer, rows: BoxRows): ImageFacts | undefined {
    rows.count = 0;
    const record = parseRecord(`${bodyOf(line).toString()}}`);
    for (const found of record?.detections ?? [])
      rows.addBox({ ...found, prompt: this.#findPrompt(record!.image, found) });
    return record;
  }

  /** @returns Whether all between start and end was as this program writes it. */
  #scan(body: Buffer, { start, end, rows, image }: Scanned): boolean {
    for (let at = start; at < end;) {
      if (body[at] !== OPEN) return false;
      const score = body.indexOf(BEFORE_SCORE, at);
      if (score === -1 || score > end) return false;
      const prompt = this.#promptAt(body.toString('latin1', at, score + 1), image);
      if (prompt === NONE) return false;
      const row = rows.add();
      const { values } = rows;
      values[row + PROMPT] = prompt;
      at = score + BEFORE_SCORE.length;
      if (!this.#readNumber(body, at, SCORE_STEPS)) return false;
      values[row + SCORE] = this.#number.value;
      at = this.#number.end;
      if (!follows(body, at, BEFORE_BOX)) return false;
      at += BEFORE_BOX.length;
      for (let i = 0; i < 4; i++) {
        if (!this.#readNumber(body, at, PIXEL_STEPS)) return false;
        values[row + CORNERS + i] = this.#number.value;
        at = this.#number.end + 1;
        if (i < 3 && body[at - 1] !== COMMA) return false;
      }
      if (!follows(body, at - 1, BEFORE_PATCH)) return false;
      if (!this.#readNumber(body, at - 1 + BEFORE_PATCH.length, 1)) return false;
      values[row + PATCH] = this.#number.value;
      at = this.#number.end;
      if (body[at] !== CLOSE) return false;
      at++;
      if (at === end) return true;
      if (body[at++] !== COMMA) return false;
    }
    return true;
  }

  /** @param opening - `{"class":"…","prompt":"…"`, a character for each byte. */
  #promptAt(opening: string, image: string): number {
    const known = this.#promptOf.get(opening);
    if (known !== undefined) return known;
    const text = `${Buffer.from(opening, 'latin1').toString()},"score":0,"box":[0,0,0,0],"patch":0}`;
    const detection = parseJson(text) as ImageRecord['detections'][number] | undefined;
    const isWhole = typeof detection?.prompt === 'string' && Object.keys(detection).length === 5;
    const prompt = isWhole ? this.#findPrompt(image, detection) : NONE;
    this.#promptOf.set(opening, prompt);
    return prompt;
  }

  /** Reads digits that stand for a number of steps. @returns Whether they did */
  #readNumber(bytes: Buffer, start: number, steps: number): boolean {
    let value = 0;
    let at = start;
    let byte = bytes[at]!;
    for (; byte >= ZERO! && byte <= NINE!; byte = bytes[++at]!) value = value * 10 + byte - ZERO!;
    let left = steps;
    if (byte === DOT) {
      for (byte = bytes[++at]!; byte >= ZERO! && byte <= NINE!; byte = bytes[++at]!) {
        if (left === 1) return false; // more decimals than this program writes
        value = value * 10 + byte - ZERO!;
        left /= 10;
      }
    }
    this.#number.value = value * left;
    this.#number.end = at;
    return at > start && at - start < 12;
  }
}

interface Scanned {
  readonly start: number;
  readonly end: number;
  readonly rows: BoxRows;
  readonly image: string; // name
}

function follows(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** @param source - Given where the text has a character for each byte. */
function parseRecord(text: string, source?: Buffer): ImageRecord | undefined {
  const isAscii = source === undefined || !/[\x80-\xff]/.test(text);
  const value = parseJson(isAscii ? text : Buffer.from(text, 'latin1').toString());
  return isImageRecord(value) ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
