import type { RegionTags } from '../../../formats/label-studio/region.js';
import { invalidFieldError, type RequestError } from '../../../http/request-error.js';
import { readAttribute, descendantsOf, parseXml, type XmlElement } from './xml.js';

/** A label of a labelling config. */
export interface Label {
  readonly name: string; // in annotations: its alias where it has one
  readonly wording: string; // shown to annotators
  readonly prompts: readonly string[]; // its `predicted_values`; may be empty
}

/** The labels of a labelling config that boxes can have, and the image that they are for. */
export interface BoxLabels extends RegionTags {
  readonly dataKey: string; // of a task's data: where its image is
  readonly labels: readonly Label[];
}

/**
 * Finds the first RectangleLabels with labels whose toName is an Image with a value such as "$image"; else the first
 * Rectangle with such a toName, and the first Labels with labels and the same toName.
 *
 * @param pointer - Where the config is in the request.
 * @throws RequestError REQUEST_INVALID when the config cannot be read, or has no place for boxes: the project is not
 *   about boxes, or its config is not finished
 */
export function findBoxLabels(config: string, pointer: string): BoxLabels {
  const root = parseXml(config);
  if (typeof root === 'string') throw invalidConfigError(pointer, `It ${root}.`);
  const all = [root, ...descendantsOf(root)];
  const images = new Map(all.filter(hasTag('image')).map((image) => [readAttribute(image, 'name'), image]));
  const labelsOfEach = (tag: string) => all.filter(hasTag(tag)).flatMap((control) => readControl(control, images));
  const shared = new Map(
    labelsOfEach('labels')
      .reverse()
      .map((labels) => [labels.toName, labels]),
  );
  const rectangles = all.filter(hasTag('rectangle')).flatMap((control) => pairWithLabels(control, shared));
  const [found] = [...labelsOfEach('rectanglelabels'), ...rectangles];
  if (found === undefined) throw invalidConfigError(pointer, NO_BOXES);
  return found;
}

const NO_BOXES =
  'It has no RectangleLabels with labels, and no Rectangle and Labels, whose toName is an Image with a value such as ' +
  '"$image"; boxes need that.';

/** For a config that cannot be worked with. */
export function invalidConfigError(pointer: string, detail: string): RequestError {
  return invalidFieldError(pointer, detail);
}

/** The labels of a RectangleLabels or Labels, once for each image that they are for. */
function readControl(control: XmlElement, images: ReadonlyMap<string | undefined, XmlElement>): BoxLabels[] {
  const [fromName, labels] = [readAttribute(control, 'name'), labelsOf(control)];
  if (fromName === undefined || labels.length === 0) return [];
  return targetsOf(control).flatMap((toName) => {
    const dataKey = dataKeyOf(images.get(toName));
    return dataKey === undefined ? [] : [{ fromName, toName, dataKey, labels }];
  });
}

/** @param shared - The first Labels for each image, by the image's name. */
function pairWithLabels(rectangle: XmlElement, shared: ReadonlyMap<string, BoxLabels>): BoxLabels[] {
  const rectangleName = readAttribute(rectangle, 'name');
  if (rectangleName === undefined) return [];
  return targetsOf(rectangle).flatMap((toName) => {
    const labels = shared.get(toName);
    return labels === undefined ? [] : [{ ...labels, rectangleName }];
  });
}

/** The objects that a control is for. */
function targetsOf(control: XmlElement): string[] {
  return (readAttribute(control, 'toName') ?? '').split(',').map((name) => name.trim());
}

/** Label Studio ignores the case of tags. */
function hasTag(tag: string): (element: XmlElement) => boolean {
  return (element) => element.tag.toLowerCase() === tag;
}

function labelsOf(control: XmlElement): Label[] {
  return descendantsOf(control)
    .filter(hasTag('label'))
    .flatMap((label) => {
      const [value, alias] = [readAttribute(label, 'value'), readAttribute(label, 'alias')];
      const name = alias ?? value;
      const predicted = readAttribute(label, 'predicted_values') ?? '';
      const prompts = predicted.split(',').map((prompt) => prompt.trim());
      if (name === undefined) return [];
      return [{ name, wording: value ?? name, prompts: [...new Set(prompts)].filter((prompt) => prompt !== '') }];
    });
}

function dataKeyOf(image: XmlElement | undefined): string | undefined {
  return image && /^\$(.+)$/s.exec(readAttribute(image, 'value') ?? '')?.[1];
}
