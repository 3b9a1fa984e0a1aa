/** How well what was typed fits a name, best first. */
const FITS: readonly ((name: string, typed: string) => boolean)[] = [
  (name, typed) => name === typed,
  (name, typed) => name.startsWith(typed),
  (name, typed) => name.split(/[\s_\-/.]+/).some((word) => word.startsWith(typed)),
  (name, typed) => name.includes(typed),
  containsInOrder,
];

/** The classes that fit what was typed, best first, else in their own order. Case and accents do not count. */
export function searchClasses(names: readonly string[], typed: string): number[] {
  const wanted = fold(typed.trim());
  if (wanted === '') return names.map((_, index) => index);
  return names
    .map((name, index) => ({ index, fit: FITS.findIndex((fits) => fits(fold(name), wanted)) }))
    .filter(({ fit }) => fit !== -1)
    .sort((a, b) => a.fit - b.fit || a.index - b.index)
    .map(({ index }) => index);
}

/** Whether the characters are all there in their order: `flt` in `forklift`. */
function containsInOrder(name: string, typed: string): boolean {
  let from = 0;
  for (const character of typed) {
    const at = name.indexOf(character, from);
    if (at === -1) return false;
    from = at + character.length;
  }
  return true;
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{Diacritic}/gu, '')
    .toLowerCase();
}
