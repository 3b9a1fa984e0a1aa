import type { PartName, SplitRule } from '../../core/data-set/split.js';
import { choosePart } from './choose-part.js';
import type { ImageContents } from '../duplicates/image-contents.js';
import type { Groups } from './groups.js';
import type { DividedImage, Splits } from './splits-file.js';

/** The parts of images, in their order, and what there is to say about them. */
export interface Assignment {
  readonly images: readonly DividedImage[];
  readonly moved: number; // images that are kept in another part than the rule by itself gives them
  readonly torn: readonly (readonly DividedImage[])[]; // groups with images in several parts
}

/**
 * Divides images. What is in an earlier file keeps its part: an image by its content, or a group by its key where the
 * rule is about names. New images follow the others of their group.
 */
export function assignParts(
  images: ImageContents,
  groups: Groups,
  { rule, earlier }: { rule: SplitRule; earlier: Splits | undefined },
): Assignment {
  const keptOf = findKept(groups, rule, earlier);
  const leads = new Map<string, { part: PartName; sha256: string }>(); // by key: the part that new images follow
  const kept = images.names.map((name, i) => {
    const sha256 = images.sha256Of(i);
    const part = keptOf({ name, sha256 }, groups.keys[i]!);
    const lead = leads.get(groups.keys[i]!);
    const leadsNow = part !== undefined && (lead === undefined || sha256 < lead.sha256);
    if (leadsNow) leads.set(groups.keys[i]!, { part, sha256 });
    return part;
  });
  let moved = 0;
  const divided = images.names.map((name, i): DividedImage => {
    const sha256 = images.sha256Of(i);
    const key = groups.keys[i]!;
    const fresh = choosePart(key, rule);
    const part = kept[i] ?? leads.get(key)?.part ?? fresh;
    if (part !== fresh) moved++;
    return { image: name, part, sha256, ...(key === sha256 ? {} : { group: key }) };
  });
  return { images: divided, moved, torn: findTorn(divided) };
}

function findKept(
  { isOfContent }: Groups,
  { by }: SplitRule,
  earlier: Splits | undefined,
): (image: { readonly name: string; readonly sha256: string }, key: string) => PartName | undefined {
  if (earlier === undefined) return () => undefined;
  const all = [...earlier.removed, ...earlier.images]; // of two, the one that is in the views
  const byName = new Map(all.map((image) => [image.image, image]));
  if (isOfContent || earlier.split.by !== by) {
    const bySha256 = new Map(all.map(({ sha256, part }) => [sha256, part]));
    return ({ name, sha256 }) => {
      const same = byName.get(name); // images with the same bytes may be in several parts
      return same?.sha256 === sha256 ? same.part : bySha256.get(sha256);
    };
  }
  const byKey = new Map(all.map((image) => [keyOf(image), image.part]));
  return ({ name }, key) => {
    const same = byName.get(name);
    return same !== undefined && keyOf(same) === key ? same.part : byKey.get(key);
  };
}

function keyOf({ group, sha256 }: DividedImage): string {
  return group ?? sha256;
}

function findTorn(images: readonly DividedImage[]): DividedImage[][] {
  const parts = new Map<string, PartName>();
  const torn = new Map<string, DividedImage[]>();
  for (const image of images) {
    const key = keyOf(image);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, image.part);
    else if (part !== image.part) torn.set(key, []);
  }
  if (torn.size > 0) for (const image of images) torn.get(keyOf(image))?.push(image);
  return [...torn.values()];
}
