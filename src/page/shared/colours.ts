/** Colours of classes; pure. */

export interface Colour {
  readonly fill: string; // #rrggbb
  readonly text: string; // black or white, whichever is easier to read on it
}

/** The colour of a class, as in previews. Hues turn by the golden angle, so neighbouring classes differ clearly. */
export function colourOf(classIndex: number): Colour {
  const rgb = hueToRgb((classIndex * 137.508) % 360, classIndex % 2 === 0 ? 0.45 : 0.6);
  const luminance = luminanceOf(rgb);
  const onWhite = 1.05 / (luminance + 0.05); // WCAG 2 contrast
  const onBlack = (luminance + 0.05) / 0.05;
  const fill = `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
  return { fill, text: onBlack >= onWhite ? '#000000' : '#ffffff' };
}

type Rgb = readonly [red: number, green: number, blue: number];

/** @param hue - Degrees. Saturation is 0.85. */
function hueToRgb(hue: number, lightness: number): Rgb {
  const amplitude = 0.85 * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

function luminanceOf(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
