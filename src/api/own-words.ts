/** Texts in quotes; one in single quotes as it is spelled for a shell, and no apostrophe of a word. */
const QUOTED = /"[^"\n]*"|(?<![\w\\])'(?:[^'\n]|'\\'')*'(?!\w)/;

/** What a line is about, which may be a path with spaces: `photos/a --limit 5.jpg: its content is damaged.` */
const PLACE = /(?<=^|\n)(?!-)[^\n:"'`]*(?:\/[^\s:"'`]*|\.\w{1,5})(?=: )/;

/** Values of a call that are looked at for texts; it may hold itself. */
const MAX_VALUES = 1000;

/** In place of what is left alone, while the rest is changed. */
const MARK = /\ue000(\d+)\ue001/g;

/**
 * Changes a message, but not what users wrote in it: what is in quotes, the path that it begins with, and other texts.
 *
 * @param own - Texts to leave alone wherever they are in it
 */
export function changeAround(text: string, own: readonly string[], change: (text: string) => string): string {
  const kept: string[] = [];
  const mark = (found: string) => `\ue000${kept.push(found) - 1}\ue001`;
  const longestFirst = [...new Set(own)].filter((each) => each !== '').sort((a, b) => b.length - a.length);
  const texts = longestFirst.map((each) => each.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  const pattern = new RegExp([QUOTED.source, PLACE.source, ...texts].join('|'), 'g');
  const marked = text.replaceAll(pattern, (found) => {
    const isQuoted = !own.includes(found) && /^(["']).*\1$/.test(found); // its quotes may change
    return isQuoted ? `${found[0]}${mark(found.slice(1, -1))}${found[0]}` : mark(found);
  });
  return change(marked).replaceAll(MARK, (found, i: string) => kept[Number(i)] ?? found);
}

/** The texts that a call was given as values, in lists and objects too. */
export function listTexts(given: unknown): string[] {
  const values: unknown[] = [given]; // with those inside of them
  for (let i = 0; i < Math.min(values.length, MAX_VALUES); i++) {
    const value = values[i];
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    values.push(...(Object.values(value) as unknown[]).slice(0, MAX_VALUES));
  }
  return values.slice(0, MAX_VALUES).filter((value) => typeof value === 'string');
}
