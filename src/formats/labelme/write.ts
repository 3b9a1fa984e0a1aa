import { join, posix, relative, sep } from 'node:path';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { promptOf, type ViewBox } from '../../core/review/view-box.js';
import type { View } from '../format.js';
import { describeOrigin } from '../origin.js';
import { PairedNames, placeImages, type PairedName } from '../paired-names.js';
import { textFile, type ViewFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { resolveViewFolder } from '../view-folder/view-paths.js';
import { ViewImages } from '../view-images.js';
import { ORIGINAL_NAME, PART } from './parse-labels.js';

/** The classes, a line each: LabelMe takes it as `--labels`, X-AnyLabeling as a file of labels to import. */
export const LABELS = 'labels.txt';

export const USUAL_IMAGES = 'symlink';

/** Says what the folder is. */
export const README = 'README.txt';

/** What the file says of the folder. */
export function formatReadme(view: Pick<View, 'onlyReviewed'>): string {
  return `${describeOrigin(view)}.

X-AnyLabeling: open this folder.
LabelMe: labelme . --labels ${LABELS} --nodata
`;
}

/** LabelMe and X-AnyLabeling warn of files without a version, and read this one. */
const VERSION = '5.5.0';

/** The files of a view, and what there is to say about them. */
export class LabelmeTree {
  readonly #view: View;
  readonly #names = new PairedNames({
    view: 'labelme',
    ending: '.json',
    reserved: [LABELS, README].map((name) => name.toLowerCase()),
  });
  readonly #images: ViewImages;
  #folder = ''; // of the view, without links

  constructor(view: View) {
    this.#view = view;
    this.#images = new ViewImages(view, { name: 'labelme', folder: 'labelme', usual: USUAL_IMAGES });
  }

  async *groups(): AsyncGenerator<ViewFileGroup> {
    const { ontology, outDir } = this.#view;
    this.#folder = await resolveViewFolder(outDir); // a path out of it is looked up from there
    for await (const { image, place } of placeImages(this.#view, this.#names)) {
      yield { image: image.name, files: this.#filesOf(image, place) };
    }
    const names = [...ontology.classes].sort((a, b) => a.id - b.id).map(({ name }) => `${name}\n`);
    yield { files: [textFile(LABELS, names.join('')), textFile(README, formatReadme(this.#view))] };
  }

  /** After the files were written. */
  get notes(): string[] {
    const none =
      'labelme has no images beside its labels (--images none): LabelMe finds them where they are, for ' +
      'X-AnyLabeling move the .json files beside the images.';
    return [...this.#names.notes, ...(this.#images.areWanted ? this.#images.notes : [none])];
  }

  #filesOf(image: ViewImage, place: PairedName): ViewFile[] {
    const { name } = image;
    const { root, ontology } = this.#view;
    const folder = join(this.#folder, posix.dirname(place.label));
    const isElsewhere = !this.#images.areWanted && root !== undefined;
    const imagePath = isElsewhere
      ? relative(folder, join(root, name)).replaceAll(sep, '/')
      : posix.basename(place.image);
    const labels = textFile(
      place.label,
      formatLabels(image, { imagePath, ontology, isNamed: place.image !== name || name.includes('\\') }),
    );
    return [labels, ...this.#images.filesOf(image, place.image)];
  }
}

/** Two corners, which both programs read. Keys that they do not know, they keep. */
function formatLabels(
  { name, width, height, detections, part, isAccepted }: ViewImage,
  { imagePath, ontology, isNamed }: { imagePath: string; ontology: Ontology; isNamed: boolean },
): string {
  const shapes = detections.map((detection) => toShape(detection, ontology));
  const content = {
    version: VERSION,
    flags: isAccepted === true ? { reviewed: true } : {}, // which both programs show with the image
    shapes,
    imagePath,
    imageData: null,
    imageHeight: height,
    imageWidth: width,
    ...(isNamed ? { [ORIGINAL_NAME]: name } : {}),
    ...(part === undefined ? {} : { [PART]: part }),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** A box that a person has drawn has no prompt. */
function toShape(detection: ViewBox, ontology: Ontology): object {
  const { classId, score, box, review } = detection;
  const [x1, y1, x2, y2] = box;
  const prompt = promptOf(detection, ontology);
  return {
    label: ontology.classes[classId]!.name,
    score,
    points: [
      [x1, y1],
      [x2, y2],
    ],
    group_id: null,
    description: '',
    shape_type: 'rectangle',
    flags: {},
    ...(prompt === undefined ? {} : { prompt }),
    ...(review === undefined ? {} : { source: 'reviewed' }),
  };
}
