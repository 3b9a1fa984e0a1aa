import { join } from 'node:path';
import { mapConcurrent } from '../../core/stream.js';
import { endingOf } from '../../core/text.js';
import type { Sniffed } from '../sniff.js';
import { conversionOf, IMAGE_EXTENSIONS, isByProduct, isCameraRaw, isCopy } from './endings.js';
import type { ListedFile } from './list-files.js';
import { lookInside } from './look-inside.js';
import { LeftOutFiles } from './left-out.js';

const OPEN_AT_ONCE = 32; // network file systems answer many at once

/** Any file. */
export const EVERY_FILE = '*';

/** A file that was listed, and whether it was given by name. */
export interface Candidate {
  readonly name: string; // relative to the run's root
  readonly kind: ListedFile['kind'];
  readonly isGiven: boolean;
}

/** Images among listed files. */
export interface Chosen {
  readonly images: readonly Candidate[];
  readonly leftOut: LeftOutFiles;
}

/**
 * Chooses images by the endings of their names, and by content where an ending says nothing. Files that were given by
 * name are taken whatever they are.
 *
 * @param root - Absolute folder that the names are relative to.
 * @param extensions - Lower case, without dot; '*' for every file. undefined: endings of images, and other files whose
 *   first bytes are those of an image.
 */
export async function findImages(
  candidates: readonly Candidate[],
  { root, extensions }: { root: string; extensions: readonly string[] | undefined },
): Promise<Chosen> {
  const leftOut = new LeftOutFiles();
  const images = new Set<Candidate>(); // by their content
  const unknown: Candidate[] = [];
  const wanted = new Set<string>(extensions ?? IMAGE_EXTENSIONS);
  const isImageByName = ({ name, isGiven }: Candidate) => isGiven || wanted.has(EVERY_FILE) || hasEnding(name, wanted);
  for (const candidate of candidates) {
    if (isImageByName(candidate)) continue;
    const { name } = candidate;
    const ending = endingOf(name);
    if (extensions !== undefined || isByProduct(ending)) leftOut.addExpected(ending);
    else if (isCopy(name)) leftOut.add(ending, 'unfinished, or kept by a program as a copy');
    else unknown.push(candidate);
  }
  const looked = mapConcurrent(unknown, OPEN_AT_ONCE, async (candidate) => ({
    candidate,
    content: await lookInside(join(root, candidate.name), candidate.kind),
  }));
  for await (const { candidate, content } of looked) {
    const ending = endingOf(candidate.name);
    if (content === undefined) leftOut.addUnreadable(ending);
    else if (isReadable(content, ending)) images.add(candidate);
    else if (isText(content) && conversionOf(ending) === undefined) leftOut.addExpected(ending);
    else leftOut.add(ending, content.kind);
  }
  return { images: candidates.filter((candidate) => isImageByName(candidate) || images.has(candidate)), leftOut };
}

function hasEnding(name: string, wanted: ReadonlySet<string>): boolean {
  const dot = name.lastIndexOf('.');
  return dot !== -1 && wanted.has(name.slice(dot + 1).toLowerCase());
}

/** The first picture in a camera raw is a thumbnail. */
function isReadable({ decoder, kind }: Sniffed, ending: string): boolean {
  return decoder !== undefined && !(isCameraRaw(ending) && kind.endsWith('TIFF'));
}

/** Labels, notes and programs under any name. */
function isText({ kind }: Sniffed): boolean {
  return ['text file', 'JSON document', 'XML document'].includes(kind);
}
