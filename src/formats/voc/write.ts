import { posix } from 'node:path';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { View } from '../format.js';
import { noteUnmarked } from '../origin.js';
import { PairedNames, placeImages, type PairedName } from '../paired-names.js';
import { streamedFile, textFile, type ViewFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { ViewImages } from '../view-images.js';
import { toXmlName, XmlEscaper } from '../xml/escape.js';
import { EscapedTexts } from '../xml/escaped-texts.js';
import { formatAnnotation, IMAGE_FOLDER } from './annotation-file.js';

export const LABEL_MAP = 'labelmap.txt';
export const USUAL_IMAGES = 'symlink';
const REVIEW_LOST =
  'voc: files do not say which images were accepted; boxes that people decided on have the attribute source, and all ' +
  'are in whole pixels.';

export const LABEL_MAP_START = '# label:color_rgb:parts:actions\n# drafted by preannotate\n';

/** Begins a line of the label map with a name, as JSON. */
export const NAME_COMMENT = '# class ';

const PART = 'train'; // of all images, unless they are divided

/** The files of a view, and what there is to say about them. */
export class VocTree {
  readonly #view: View;
  readonly #names = new PairedNames({ view: 'voc', ending: '.xml', isListed: true });
  readonly #images: ViewImages;
  readonly #escaper = new XmlEscaper();
  readonly #texts: EscapedTexts;
  readonly #lists: ReadonlyMap<string, NameLines>; // by part

  constructor(view: View) {
    this.#view = view;
    this.#images = new ViewImages(view, { name: 'voc', folder: `voc/${IMAGE_FOLDER}`, usual: USUAL_IMAGES });
    this.#lists = new Map((view.parts ?? [PART]).map((part) => [part, new NameLines()]));
    this.#texts = new EscapedTexts(view.ontology, this.#escaper);
  }

  get hasImages(): boolean {
    return this.#images.areWanted;
  }

  async *groups(): AsyncGenerator<ViewFileGroup> {
    for await (const { image, place } of placeImages(this.#view, this.#names)) {
      yield { image: image.name, files: this.#filesOf(image, place) };
    }
    yield {
      files: [
        ...[...this.#lists].map(([part, list]) => streamedFile(`ImageSets/Main/${part}.txt`, list.text())),
        textFile(LABEL_MAP, formatLabelMap(this.#view.ontology)),
      ],
    };
  }

  /** After the files were written. */
  get notes(): string[] {
    return [
      ...this.#names.notes,
      ...this.#escaper.notes('voc'),
      ...noteLabelMap(this.#view.ontology),
      ...this.#images.notes,
      ...noteUnmarked(REVIEW_LOST, this.#view),
    ];
  }

  #filesOf(image: ViewImage, place: PairedName): ViewFile[] {
    const { name, part = PART } = image;
    this.#lists.get(part)!.add(place.label.slice(0, -'.xml'.length));
    const filename = this.#escaper.escape(place.image);
    const original = place.image === name ? undefined : this.#escaper.escape(toXmlName(name));
    const text = formatAnnotation(image, { filename, original }, this.#texts);
    const annotation = textFile(posix.join('Annotations', place.label), text);
    return [annotation, ...this.#images.filesOf(image, posix.join(IMAGE_FOLDER, place.image))];
  }
}

const LINES_AT_ONCE = 1000;

/** Lines of a file, held as large pieces of text: a million names are more than a small process can hold one by one. */
class NameLines {
  readonly #pieces: Buffer[] = [];
  #last: string[] = [];

  add(name: string): void {
    this.#last.push(name);
    if (this.#last.length === LINES_AT_ONCE) this.#flush();
  }

  async *text(): AsyncGenerator<string> {
    this.#flush();
    for (const piece of this.#pieces) yield await Promise.resolve(piece.toString());
  }

  #flush(): void {
    this.#pieces.push(Buffer.from(this.#last.map((name) => `${name}\n`).join('')));
    this.#last = [];
  }
}

/**
 * The classes, as Datumaro and CVAT want them listed: without this file they take the twenty of Pascal VOC for granted.
 * What they could not read is a comment, for our own reader.
 */
function formatLabelMap(ontology: Ontology): string {
  const lines = sortedNames(ontology).map((name) =>
    isListable(name) ? `${name}:::\n` : `${NAME_COMMENT}${JSON.stringify(name)}\n`,
  );
  return `${LABEL_MAP_START}${lines.join('')}`;
}

function sortedNames({ classes }: Ontology): string[] {
  return [...classes].sort((a, b) => a.id - b.id).map(({ name }) => name);
}

function isListable(name: string): boolean {
  return !name.includes(':') && !name.startsWith('#') && name.trim() === name;
}

function noteLabelMap(ontology: Ontology): string[] {
  const others = sortedNames(ontology).flatMap((name) => (isListable(name) ? [] : [`"${name}"`]));
  if (others.length === 0) return [];
  return [
    `voc/${LABEL_MAP} cannot name ${others.join(', ')}, because of a colon, a "#" at the start or a space at an end: ` +
      'CVAT and Datumaro refuse these classes.',
  ];
}
