import type { DataSetClass, LabelledBox, LabelledImage } from '../core/data-set/data-set.js';
import type { FormatName } from '../formats/index.js';
import { ownText } from '../formats/reading/own-text.js';
import { haveSameBytes } from './same-bytes.js';
import type { LocatedImage } from './check.js';
import type { Mistake, Report } from './findings.js';
import type { RuleId } from './rules/rules.js';

const ROUNDING_PX = 0.02; // of two decimals, in a corner and in a size
const ROUNDING_SHARE = 2e-6; // of the longer side: of six decimals

/** Checks that hold for all formats, image by image, in their order. */
export class ImageChecks {
  readonly #format: FormatName;
  readonly #report: Report;
  readonly #used = new Set<string>(); // names of classes
  readonly #seen = new Map<string, string | undefined>(); // images by name, and their files where parts have them
  #images = 0;
  #boxes = 0;

  constructor(format: FormatName, report: Report) {
    this.#format = format;
    this.#report = report;
  }

  get images(): number {
    return this.#images;
  }

  get boxes(): number {
    return this.#boxes;
  }

  /** @param found - What the checks of its format have found in the file of the image: that is enough of its lines. */
  async check(image: LocatedImage, found: readonly Mistake[]): Promise<void> {
    this.#images++;
    this.#boxes += image.boxes.length;
    found.forEach(this.#report);
    const done = new Set(found.map(({ line }) => line));
    await this.#checkName(image);
    for (const box of image.boxes) {
      this.#used.add(box.className);
      if (box.line === undefined || !done.has(box.line)) this.#checkBox(image, box);
    }
  }

  /** What can be said once all images were seen. */
  finish(classes: readonly DataSetClass[], file: string): void {
    const names = new Set<string>();
    for (const { name } of classes) {
      const shown = JSON.stringify(name);
      if (names.has(name)) this.#report({ rule: 'class-duplicate', file, problem: `lists the class ${shown} twice` });
      if (name !== name.trim() || /\p{Cc}/u.test(name))
        this.#report({ rule: 'class-name', file, problem: `has the class ${shown}` });
      if (!names.has(name) && !this.#used.has(name))
        this.#report({ rule: 'class-unused', file, problem: `declares ${shown}, which has no box` });
      names.add(name);
    }
  }

  async #checkName({ name, part, path, file, line }: LocatedImage): Promise<void> {
    // Without its file, an image may be another one than that of the same name in another part.
    const key = ownText(part !== undefined && path === undefined ? `${part}/${name}` : name);
    if (!this.#seen.has(key)) {
      this.#seen.set(key, part === undefined ? undefined : path);
      return;
    }
    const other = this.#seen.get(key);
    const place = { file, line };
    if (other === undefined || other === path)
      this.#report({ rule: 'image-duplicate', ...place, problem: `lists the image ${name} a second time` });
    else if (path !== undefined && (await haveSameBytes(other, path))) {
      const problem = `has the image ${name} in the part ${part ?? ''}, which is in another part too: ${other}`;
      this.#report({ rule: 'image-in-two-parts', ...place, problem });
    }
  }

  #checkBox(image: LabelledImage, box: LabelledBox): void {
    const { width, height } = image;
    const { className, score, xywh } = box;
    const [x1, y1, x2, y2] = box.box;
    const report = (rule: RuleId, problem: string) => {
      const { line = image.line, id } = box;
      const at = id === undefined ? (line === undefined ? `of ${image.name}` : undefined) : `annotation ${id}`;
      this.#report({ rule, file: image.file, line, entry: at, problem });
    };
    const [across, down] = xywh === undefined ? [x2 - x1, y2 - y1] : [xywh[2], xywh[3]];
    if (!(across > 0) || !(down > 0))
      report('box-empty', `the box of "${className}" is ${shown(across)} x ${shown(down)} px`);
    else if (width !== undefined && height !== undefined) {
      const allowed = ROUNDING_PX + ROUNDING_SHARE * Math.max(width, height);
      const beyond = Math.max(-x1, -y1, x2 - width, y2 - height);
      if (beyond > allowed)
        report('box-outside', `the box of "${className}" leaves the ${width} x ${height} image by ${shown(beyond)} px`);
    }
    if (score !== undefined && !(score >= 0 && score <= 1)) report('score-range', `the score is ${score}`);
  }
}

function shown(value: number): string {
  return String(Math.round(value * 100) / 100);
}
