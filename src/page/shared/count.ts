/** `1,234`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** `1 box`, `1,234 boxes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `no boxes`, `1 box`, `1,234 boxes`. */
export function countBoxes(count: number): string {
  return count === 0 ? 'no boxes' : counted(count, 'box', 'boxes');
}
