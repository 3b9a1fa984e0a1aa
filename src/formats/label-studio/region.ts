import { createHash } from 'node:crypto';
import { mapBox, round, toFractions, xyxyToXywh, type Size, type Xyxy } from '../../core/box.js';

/** Regions name the control tag of the labelling config that they belong to, and the object tag that they lie on. */
export interface RegionTags {
  readonly fromName: string;
  readonly toName: string;
  readonly rectangleName?: string; // of a Rectangle, where `fromName` is a Labels and no RectangleLabels
}

/** A box to write as a region. */
export interface RegionBox {
  readonly box: Xyxy; // pixels of the upright image, within it
  readonly label: string;
  readonly score: number; // 0 to 1
  readonly note?: string; // shown with the region
}

/**
 * A rectangle, as Label Studio imports it and as its ML backends answer it. With a Rectangle and a Labels instead of a
 * RectangleLabels, each rectangle is two of these with one id.
 */
export interface Region {
  readonly id: string;
  readonly type: 'rectanglelabels' | 'rectangle' | 'labels';
  readonly from_name: string;
  readonly to_name: string;
  readonly original_width: number; // of the upright image
  readonly original_height: number;
  readonly image_rotation: 0;
  readonly value: {
    readonly x: number; // percent of the upright image, 0 to 100, as are the next three
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotation: 0;
    readonly rectanglelabels?: readonly [string]; // named as the type; without it the box would have no class
    readonly labels?: readonly [string];
  };
  readonly score: number;
  readonly meta?: { readonly text: readonly [string] }; // notes, which Label Studio shows and exports
}

const PERCENT_DECIMALS = 5; // of an image 10,000 pixels wide, a thousandth of a pixel
const SCORE_DECIMALS = 5;
const ID_CHARACTERS = 10; // as Label Studio's own; 60 bits

/**
 * The regions of one image, in the order given.
 *
 * @param image - Identifies the image, for example its name or the id of its task: region ids derive from it.
 */
export function regionsOf(
  boxes: readonly RegionBox[],
  { width, height }: Size,
  { tags, image }: { tags: RegionTags; image: string },
): Region[] {
  return boxes.flatMap(({ box, label, score, note }, rank): Region[] => {
    const id = regionId(image, rank);
    const last = { score, ...(note === undefined ? {} : { meta: { text: [note] } as const }) };
    const value = { ...toPercent(box, { width, height }), rotation: 0 } as const;
    const rest = { to_name: tags.toName, original_width: width, original_height: height, image_rotation: 0 } as const;
    const { fromName: from_name, rectangleName } = tags;
    if (rectangleName === undefined) {
      return [
        { id, type: 'rectanglelabels', from_name, ...rest, value: { ...value, rectanglelabels: [label] }, ...last },
      ];
    }
    return [
      { id, type: 'rectangle', from_name: rectangleName, ...rest, value, ...last },
      { id, type: 'labels', from_name, ...rest, value: { ...value, labels: [label] }, ...last },
    ];
  });
}

/** Mean of the scores, by which Label Studio can sort tasks; 0 without boxes. */
export function taskScoreOf(scores: readonly number[]): number {
  if (scores.length === 0) return 0;
  return round(scores.reduce((sum, score) => sum + score, 0) / scores.length, SCORE_DECIMALS);
}

/** In percent of the image. The size is computed from the rounded corners, so that a box at the edge stays there. */
function toPercent(box: Xyxy, size: Size): Pick<Region['value'], 'x' | 'y' | 'width' | 'height'> {
  const corners = mapBox(toFractions(box, size), (fraction) => round(fraction * 100, PERCENT_DECIMALS));
  const [x, y, width, height] = mapBox(xyxyToXywh(corners), (value) => round(value, PERCENT_DECIMALS));
  return { x, width, y, height };
}

/** The same in every run. */
function regionId(image: string, rank: number): string {
  return createHash('sha256').update(`${rank}\n${image}`).digest('base64url').slice(0, ID_CHARACTERS);
}
