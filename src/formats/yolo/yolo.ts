import { posix } from 'node:path';
import { xyxyToCxcywh } from '../../core/box.js';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { PartName } from '../../core/data-set/split.js';
import type { AnnotationFormat, View } from '../format.js';
import { describeOrigin, noteUnmarked } from '../origin.js';
import { PairedNames, placeImages, type PairedName, type PairingRule } from '../paired-names.js';
import { streamedFile, textFile, type ViewFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { ViewImages } from '../view-images.js';
import { writeView } from '../view-folder/write-view.js';
import { readYolo, recogniseYolo } from './read-yolo.js';
import { listRenamed, RENAMED } from './renamed.js';

const SIGNATURE = 'data.yaml';
const PAIRING: PairingRule = { view: 'yolo', ending: '.txt', replacesImages: true };
const DECIMALS = 6; // what Ultralytics itself writes
const IMAGES = 'symlink';
const SMALLEST = 10 ** -DECIMALS;
const SUBSET = 'train'; // of all images, unless they are divided: CVAT and Datumaro want images/<subset>/
const TREES = ['images', 'labels', 'labels_conf'];
const LAYOUT = { trees: TREES, subfolder: SUBSET };

const TRAIN_AND_VAL =
  'yolo/data.yaml names images/train for train and for val. Before you train, divide the images: ' +
  '`preannotate export` with --split train=0.8,val=0.2 does.';

const REVIEW_LOST = 'yolo: label files do not say what was reviewed; in labels_conf, such boxes have the score 1.';

/**
 * YOLO as Ultralytics reads it: five columns a box in `labels/train/`, the images in `images/train/`, and `data.yaml`,
 * which names them for `train` and for `val`. Where the images are divided, each part has its folder in these trees.
 * Scores are a sixth column in `labels_conf/train/`, because readers refuse six columns in `labels/`. `renamed.csv` has
 * the names of images that are called otherwise there. Prompts, and what was reviewed, are lost.
 *
 * @see https://docs.ultralytics.com/datasets/detect/
 */
export const yolo: AnnotationFormat = {
  title: 'YOLO labels (Ultralytics layout)',
  form: 1,
  signature: SIGNATURE,
  opened: SIGNATURE,
  recognise: recogniseYolo,
  read: readYolo,
  classOrder: listClassNames,
  images: IMAGES,
  layout: LAYOUT,
  write: async (view) => {
    const tree = new YoloTree(view);
    const trees = ['labels', 'labels_conf', ...(view.imageFiles === 'none' ? [] : ['images'])];
    const content = {
      folders: trees.flatMap((name) => (view.parts ?? [SUBSET]).map((part) => posix.join(name, part))),
      divided: TREES,
      classes: listClassNames(view.ontology),
      layout: LAYOUT,
      firstNotes: view.imageFiles === 'none' || view.parts !== undefined ? [] : [TRAIN_AND_VAL],
      groups: tree.groups(),
      notes: () => tree.notes,
    };
    return await writeView(view, SIGNATURE, content);
  },
};

/** The files of a view, and what there is to say about them. */
class YoloTree {
  readonly #view: View;
  readonly #names = new PairedNames(PAIRING);
  readonly #images: ViewImages;
  readonly #indexOf: readonly number[];

  constructor(view: View) {
    this.#view = view;
    this.#images = new ViewImages(view, { name: 'yolo', folder: 'yolo/images', usual: IMAGES });
    this.#indexOf = classIndexes(view.ontology);
  }

  async *groups(): AsyncGenerator<ViewFileGroup> {
    const { ontology } = this.#view;
    let isRenamed = false;
    for await (const { image, place } of placeImages(this.#view, this.#names)) {
      isRenamed ||= place.image !== image.name;
      yield { image: image.name, files: this.#filesOf(image, place) };
    }
    const classNames = listClassNames(ontology);
    yield {
      files: [
        textFile('classes.txt', classNames.map((name) => `${name}\n`).join('')),
        textFile(SIGNATURE, formatDataYaml(classNames, this.#view)),
        ...(isRenamed ? [streamedFile(RENAMED, listRenamed(placeImages(this.#view, new PairedNames(PAIRING))))] : []),
      ],
    };
  }

  /** After the files were written. */
  get notes(): string[] {
    return [...this.#names.notes, ...this.#images.notes, ...noteUnmarked(REVIEW_LOST, this.#view)];
  }

  #filesOf(image: ViewImage, place: PairedName): ViewFile[] {
    const { part = SUBSET } = image;
    const rows = toRows(image, this.#indexOf);
    const labels = [
      textFile(posix.join('labels', part, place.label), rows.map(({ row }) => `${row}\n`).join('')),
      textFile(
        posix.join('labels_conf', part, place.label),
        rows.map(({ row, score }) => `${row} ${score}\n`).join(''),
      ),
    ];
    return [...labels, ...this.#images.filesOf(image, posix.join('images', part, place.image))];
  }
}

/** Lines of a label file, best score first. Readers drop repeated rows with a warning, so they are left out. */
function toRows(image: ViewImage, indexOf: readonly number[]): { row: string; score: number }[] {
  const rows = new Map<string, number>();
  for (const { classId, score, box } of image.detections) {
    const [cx, cy, width, height] = xyxyToCxcywh(box, image);
    // Rounding must not make a thin box vanish, nor move a centre outside the image.
    const values = [Math.min(cx, 1), Math.min(cy, 1), clampSize(width), clampSize(height)];
    const row = `${indexOf[classId]!} ${values.map((value) => value.toFixed(DECIMALS)).join(' ')}`;
    if (!rows.has(row)) rows.set(row, score);
  }
  return [...rows].map(([row, score]) => ({ row, score }));
}

function clampSize(size: number): number {
  return Math.min(Math.max(size, SMALLEST), 1);
}

/** YOLO numbers classes from 0 without gaps: here in the order of their ids. */
function listClassNames(ontology: Ontology): string[] {
  return sortClasses(ontology).map(({ name }) => name);
}

function classIndexes(ontology: Ontology): number[] {
  const sorted = sortClasses(ontology);
  return ontology.classes.map((entry) => sorted.indexOf(entry));
}

function sortClasses({ classes }: Ontology) {
  return [...classes].sort((a, b) => a.id - b.id);
}

function formatDataYaml(names: readonly string[], view: View): string {
  const { provenance, parts } = view;
  const entries = names.map((name, index) => `  ${index}: ${quoteYaml(name)}`);
  return [
    `# ${describeOrigin(view, provenance.version)}. Paths are relative to this file.`,
    '# YOLOv5 needs the absolute path of this folder as well: path: /somewhere/yolo',
    ...listPlaces(parts),
    'names:',
    ...entries,
    '',
  ].join('\n');
}

/** Ultralytics wants `train` and `val`. Without parts, they name the same images. */
function listPlaces(parts: readonly PartName[] = []): string[] {
  if (parts.length === 0)
    return [`train: images/${SUBSET}`, `val: images/${SUBSET} # the same images: split them before you train`];
  const places = parts.map((part) => `${part}: images/${part}`);
  return parts.includes('val') ? places : [places[0]!, 'val: images/test # there is no val', ...places.slice(1)];
}

/** YAML 1.1 readers take an unquoted `no` or `1e3` for another type, and open the file in the locale's encoding. */
function quoteYaml(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\u0020-\u007e]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
