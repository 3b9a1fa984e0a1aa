import type { RegionTags } from '../../../formats/label-studio-region.js';
import { invalidFieldError, type RequestError } from '../../http/request-error.js';
import { readAttribute, descendantsOf, parseXml, type XmlElement } from './xml.js';

/** A label of a labelling config. */
export interface Label {
  readonly name: string; // in annotations: its alias where it has one
  readonly wording: string; // shown to annotators
  readonly prompts: readonly string[]; // its `predicted_values`; may be empty
}

/** The rectangle labels of a labelling config, and the image that they are for. */
export interface RectangleLabels extends RegionTags {
  readonly dataKey: string; // of a task's data: where its image is
  readonly labels: readonly Label[];
}

/**
 * Finds the first RectangleLabels with labels whose toName is an Image with a value such as "$image".
 *
 * @param pointer - Where the config is in the request.
 * @returns undefined when there are none: the project is not about boxes, or its config is not finished.
 * @throws RequestError REQUEST_INVALID when the config cannot be read
 */
export function findRectangleLabels(config: string, pointer: string): RectangleLabels | undefined {
  const root = parseXml(config);
  if (typeof root === 'string') throw invalidConfigError(pointer, `It ${root}.`);
  const elements = [root, ...descendantsOf(root)];
  const images = new Map(elements.filter(hasTag('image')).map((image) => [readAttribute(image, 'name'), image]));
  for (const control of elements.filter(hasTag('rectanglelabels'))) {
    const fromName = readAttribute(control, 'name');
    const labels = labelsOf(control);
    if (fromName === undefined || labels.length === 0) continue;
    for (const toName of (readAttribute(control, 'toName') ?? '').split(',').map((name) => name.trim())) {
      const dataKey = dataKeyOf(images.get(toName));
      if (dataKey !== undefined) return { fromName, toName, dataKey, labels };
    }
  }
  return undefined;
}

/** For a config without a place for boxes. */
export function invalidConfigError(pointer: string, detail: string): RequestError {
  return invalidFieldError(pointer, detail);
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
