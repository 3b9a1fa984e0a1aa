type Rgb = readonly [red: number, green: number, blue: number];

/** A colour for a class: the same in every run, and far from its neighbours' (the hue turns by the golden angle). */
export function colourOf(classId: number): Rgb {
  const hue = (classId * 137.508) % 360;
  const lightness = classId % 2 === 0 ? 0.45 : 0.6;
  return hslToRgb(hue, lightness);
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
