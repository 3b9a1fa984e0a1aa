import { counted } from '../../core/text.js';
import { HEIC_PACKAGE } from '../heic/libheif.js';
import { installCommand } from '../install-command.js';
import { conversionOf } from './endings.js';

const NAMED = 8; // in a message
const LISTED = 50; // in run.json: names may have as many endings as there are files
const UNREADABLE = 'cannot be read';

/** Files of one ending that are not images of a run. In run.json as it is. */
export interface LeftOut {
  readonly ending: string; // without dot, lower case; empty for names without one
  readonly files: number;
  readonly content?: string; // what the first such file is
  readonly convert?: string; // a command that makes an image of it
}

/** Contents that have an ending of their own, by which conversions are known. */
const ENDING_OF_CONTENT: Readonly<Record<string, string>> = {
  HEIC: 'heic',
  'SVG drawing': 'svg',
  'PDF document': 'pdf',
  'JPEG XL': 'jxl',
  'JPEG 2000': 'jp2',
  'Photoshop document': 'psd',
  'camera raw': 'dng',
};

/** Counts files that are not images of a run, by ending. */
export class LeftOutFiles {
  readonly #groups = new Map<string, { ending: string; content: string | undefined; files: number }>();
  #expected = new Set<string>(); // groups that are no news to the user
  #unreadable = 0;

  /** Files that often lie beside images, or that the user did not ask for. They are counted, but not reported. */
  addExpected(ending: string): void {
    this.#expected.add(this.#count(ending, undefined));
  }

  /** @param content - What the file is. */
  add(ending: string, content: string): void {
    this.#count(ending, content);
  }

  addUnreadable(ending: string): void {
    this.#unreadable++;
    this.#count(ending, UNREADABLE);
  }

  /** Files that may be images: they could not be opened. */
  get unreadable(): number {
    return this.#unreadable;
  }

  get total(): number {
    return [...this.#groups.values()].reduce((sum, { files }) => sum + files, 0);
  }

  /** By number of files, then by ending. */
  get groups(): readonly LeftOut[] {
    const all = this.#sorted([...this.#groups.keys()]);
    const files = all.slice(LISTED).reduce((sum, group) => sum + group.files, 0);
    return files === 0 ? all : [...all.slice(0, LISTED), { ending: '', files, content: 'other endings' }];
  }

  /** A sentence about the files that may be missed; none when there is no such file. */
  describe(): string[] {
    const groups = this.#sorted([...this.#groups.keys()].filter((key) => !this.#expected.has(key)));
    if (groups.length === 0) return [];
    const files = groups.reduce((sum, group) => sum + group.files, 0);
    return [`${counted(files, 'file')} left out: ${describeGroups(groups)}.`];
  }

  /** `3 other files (2 .txt, 1 .pdf)`, whatever they are. */
  describeAll(): string {
    const files = counted(this.total, 'other file');
    return `${files} (${describeGroups(this.groups)})`;
  }

  #count(ending: string, content: string | undefined): string {
    const key =
      content === undefined ? `.${ending}` : `.${ending} ${ending === '' || content === UNREADABLE ? content : ''}`;
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { ending, content, files: 1 });
    else group.files++;
    return key;
  }

  #sorted(keys: readonly string[]): LeftOut[] {
    const groups = keys.map((key) => toLeftOut(this.#groups.get(key)!));
    return groups.sort((a, b) => b.files - a.files || (a.ending < b.ending ? -1 : 1));
  }
}

function toLeftOut({
  ending,
  content,
  files,
}: {
  ending: string;
  content: string | undefined;
  files: number;
}): LeftOut {
  const convert = content === UNREADABLE ? undefined : conversionFor(ending, content);
  return {
    ending,
    files,
    ...(content === undefined ? {} : { content }),
    ...(convert === undefined ? {} : { convert }),
  };
}

/** By ending; where that says nothing, by content. */
function conversionFor(ending: string, content: string | undefined): string | undefined {
  const known = conversionOf(ending);
  if (known !== undefined) return known;
  const meant = ENDING_OF_CONTENT[content ?? ''];
  if (meant === undefined) return undefined;
  return conversionOf(meant)?.replace(`FILE.${meant}`, ending === '' ? 'FILE' : `FILE.${ending}`);
}

function describeGroups(groups: readonly LeftOut[]): string {
  const others = groups.slice(NAMED).reduce((sum, { files }) => sum + files, 0);
  const named = groups.slice(0, NAMED).map(describeGroup).join(', ');
  return others === 0 ? named : `${named} and ${others} more`;
}

function describeGroup({ ending, files, content, convert }: LeftOut): string {
  const what = `${files} ${ending === '' ? 'without an extension' : `.${ending}`}`;
  const isHeic = content === 'HEIC' || ending === 'heic';
  const install = isHeic ? `run \`${installCommand(HEIC_PACKAGE)}\`, or ` : '';
  if (convert !== undefined) return `${what} (${install}convert with \`${convert}\`)`;
  return content === undefined ? what : `${what} (${content})`;
}
