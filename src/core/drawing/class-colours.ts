export type Rgb = readonly [red: number, green: number, blue: number]; // 0–255

/** A colour for a class: the same in every run, and far from its neighbours' (the hue turns by the golden angle). */
export function colourOfClass(classIndex: number): Rgb {
  const hue = (classIndex * 137.508) % 360;
  const lightness = classIndex % 2 === 0 ? 0.45 : 0.6;
  return hslToRgb(hue, lightness);
}

/** Black or white text, whichever stands out more from this colour. */
export function textColourOn(colour: Rgb): 'black' | 'white' {
  const luminance = luminanceOf(colour);
  const ofWhite = 1.05 / (luminance + 0.05); // contrast of WCAG 2
  const ofBlack = (luminance + 0.05) / 0.05;
  return ofBlack >= ofWhite ? 'black' : 'white';
}

/** @param hue - Degrees. Saturation is 0.85. */
function hslToRgb(hue: number, lightness: number): Rgb {
  const amplitude = 0.85 * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

function luminanceOf(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
