/** How programs call the parts of a data set. */
const PARTS: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
};

/** A part by our name for it; one with another purpose keeps its name. */
export function toPart(stated: string): string {
  return PARTS[stated.toLowerCase()] ?? stated;
}

/** The part of a file that is in a folder named after one, as in exports of Roboflow: `valid/a.xml`. */
export function partOfFolder(path: string): string | undefined {
  const [folder, ...rest] = path.split('/');
  return rest.length > 0 && Object.hasOwn(PARTS, folder!.toLowerCase()) ? toPart(folder!) : undefined;
}
