import { mapInOrder } from '../core/stream.js';
import { PreannotateError } from '../core/errors.js';
import type { DataSet, LabelledImage } from '../core/data-set/data-set.js';
import { formats } from '../formats/index.js';
import { FORMAT_CHECKS } from './checks/checks.js';
import type { FoundDataSet } from './find-data-sets.js';
import { splitPlace, type Report } from './findings.js';
import { checkHeader } from './header-checks.js';
import { ImageChecks } from './image-checks.js';
import { ImageFiles } from './image-files.js';
import { checkParts } from './parts-check.js';

const IMAGES_AT_ONCE = 16; // reading small files waits for the disk more than it computes

/** Boxes of an image that is not there have to lie somewhere, so that rows of fractions can be checked. */
const ANY_SIZE = { width: 1000, height: 1000 };

/** What was checked. */
export interface Checked {
  readonly images: number;
  readonly boxes: number;
  readonly classes: number;
  readonly notes: readonly string[]; // on how the files were read, and what was not checked
}

/** Checks a data set by the rules of the programs that read its format. */
export async function validateDataSet(found: FoundDataSet, report: Report): Promise<Checked> {
  const { probe, format, outDir } = found;
  const files = new ImageFiles(found.imagesRoot, found.areImagesExpected ?? false);
  const { files: checkFiles, image: checkImage, folders } = FORMAT_CHECKS[format]();
  const checks = new ImageChecks(format, report);
  let dataSet: DataSet | undefined;
  try {
    if (outDir !== undefined) await checkParts(outDir, report);
    await checkFiles?.(probe, report);
    const opened = await openDataSet(found, files, report);
    ({ dataSet } = opened);
    await opened.findImages();
    const checkFilesOf = async (given: LabelledImage) => {
      const image = { ...given, path: files.pathOf(given) };
      const own = (await checkImage?.(image, files)) ?? [];
      return { image, own, ofHeader: await checkHeader(image, { format, files }) };
    };
    for await (const { image, own, ofHeader } of mapInOrder(dataSet.images, IMAGES_AT_ONCE, checkFilesOf)) {
      await checks.check(image, own);
      ofHeader.forEach(report);
    }
    checks.finish(dataSet.classes, probe.path);
    if (files.arePresent) await folders?.(probe, report);
  } catch (error) {
    if (!(error instanceof PreannotateError) || error.code !== 'DATA_SET_INVALID') throw error;
    const { where, problem } = divideMessage(error.message);
    report({ rule: 'file-unreadable', ...splitPlace(where), problem, fix: error.hint });
  }
  const { images, boxes } = checks;
  const notes = [...(dataSet?.notes ?? []), ...(images > 0 && !files.arePresent ? [WITHOUT_IMAGES] : [])];
  return { images, boxes, classes: dataSet?.classes.length ?? 0, notes };
}

/** @returns The data set, and a function that looks for the folder of its images. */
async function openDataSet(
  { probe, format, imagesRoot }: FoundDataSet,
  files: ImageFiles,
  report: Report,
): Promise<{ dataSet: DataSet; findImages: () => Promise<void> }> {
  let isSampling = false; // problems that readers find then, they find again
  const dataSet = await formats[format].read(probe, {
    imagesRoot,
    sizeOf: async (image) => {
      const path = image.path ?? files.pathOf({ name: image.name, file: '', boxes: [] });
      const size = path === undefined ? undefined : await files.size(path);
      return size ?? (format === 'yolo' ? ANY_SIZE : undefined);
    },
    onProblem: ({ where, problem, hint, rule }) => {
      if (!isSampling) report({ rule: rule ?? 'entry-unreadable', ...splitPlace(where), problem, fix: hint });
    },
  });
  const findImages = async () => {
    isSampling = true;
    await files.find(dataSet.images);
    isSampling = false;
  };
  return { dataSet, findImages };
}

/** The two halves of an error of readers: `labels/a.txt:3: has no class.` */
function divideMessage(message: string): { where: string; problem: string } {
  const colon = message.indexOf(': ');
  if (colon === -1) return { where: '', problem: message };
  return { where: message.slice(0, colon), problem: message.slice(colon + 2).replace(/\.$/, '') };
}

const WITHOUT_IMAGES =
  'None of the images was found, so sizes and EXIF orientations were not checked: --images-root names their folder.';
