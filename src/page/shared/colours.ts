import { colourOfClass, textColourOn } from '../../core/drawing/class-colours.js';

/** Colours of classes; pure. */

export interface Colour {
  readonly fill: string; // #rrggbb
  readonly text: string; // black or white, whichever is easier to read on it
}

/** The colour of a class, as in previews. */
export function colourOf(classIndex: number): Colour {
  const rgb = colourOfClass(classIndex);
  const fill = `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
  return { fill, text: textColourOn(rgb) === 'black' ? '#000000' : '#ffffff' };
}
