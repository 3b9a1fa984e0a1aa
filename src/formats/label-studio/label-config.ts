import type { XmlEscaper } from '../xml/escape.js';
import { readXmlTree, type XmlElement } from '../xml/tree.js';
import type { RegionTags } from './region.js';

/** The names of the tags in {@link formatLabelConfig}, which regions refer to. */
export const TAGS: RegionTags = { fromName: 'label', toName: 'image' };

/** The key of a task's data where its image is. */
export const IMAGE_KEY = 'image';

/** Where the name of a remote image is, which its address does not give. */
export const NAME_KEY = 'image_name';

/** Where the part of an image is, where the images are divided: the Data Manager can filter by it. */
export const PART_KEY = 'part';

const GOLDEN_ANGLE = 137.508; // degrees: consecutive hues are far apart, however many there are
const SATURATION = 0.65;
const LIGHTNESS = 0.5;

/** The labelling interface that the tasks are made for, to paste into a project's settings. */
export function formatLabelConfig(classNames: readonly string[], escaper: XmlEscaper): string {
  const labels = classNames.map((name, i) => {
    return `    <Label value="${escaper.escape(name)}" background="${colourOf(i)}"/>\n`;
  });
  return `<View>
  <!-- Drafted by preannotate: the labelling interface of its tasks -->
  <Image name="${TAGS.toName}" value="$${IMAGE_KEY}" zoom="true" zoomControl="true"/>
  <RectangleLabels name="${TAGS.fromName}" toName="${TAGS.toName}">
${labels.join('')}  </RectangleLabels>
</View>
`;
}

/** The labels of a labelling interface, in its order; none of what is none. */
export function readLabels(config: Uint8Array): string[] {
  try {
    return labelsIn(readXmlTree(config));
  } catch {
    return []; // the tasks name their labels too
  }
}

/** The names of its tags, which regions refer to; none of what is none. */
export function readTagNames(config: Uint8Array): string[] {
  try {
    return tagNamesIn(readXmlTree(config));
  } catch {
    return [];
  }
}

function tagNamesIn({ attributes, children }: XmlElement): string[] {
  const { name } = attributes;
  return [...(name === undefined ? [] : [name]), ...children.flatMap(tagNamesIn)];
}

function labelsIn({ name, attributes, children }: XmlElement): string[] {
  const { alias, value } = attributes;
  const own = name === 'Label' ? [alias ?? value ?? ''].filter((label) => label !== '') : [];
  return [...own, ...children.flatMap(labelsIn)];
}

/** Without a colour of its own, every label has the same one. */
function colourOf(index: number): string {
  const hue = (index * GOLDEN_ANGLE) % 360;
  const amplitude = SATURATION * Math.min(LIGHTNESS, 1 - LIGHTNESS);
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    const value = LIGHTNESS - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
