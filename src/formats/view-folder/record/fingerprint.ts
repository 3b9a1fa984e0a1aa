import { createHash } from 'node:crypto';
import { createReadStream, type BigIntStats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

/** A file with content of its own. */
const FileContent = z.object({
  size: z.int(), // bytes
  sha256: z.string(),
  rewritable: z.literal(true).exactOptional(), // other programs may rewrite it: that is not an edit
});
export type FileContent = z.output<typeof FileContent>;

/** What a file of a view is, whatever its times are: enough to tell it from one that was changed. */
export const Fingerprint = z.union([
  FileContent,
  z.object({ link: z.string() }), // a symbolic link: where it points, as it is stored. Links are never followed
  z.object({ inode: z.string(), content: FileContent }), // a hard link to an image: its device and inode
]);
export type Fingerprint = z.output<typeof Fingerprint>;

/** Whether two files are the same for a user. */
export function isSameFile(a: Fingerprint, b: Fingerprint): boolean {
  if ('sha256' in a) return 'sha256' in b && a.sha256 === b.sha256 && a.size === b.size;
  if ('link' in a) return 'link' in b && a.link === b.link;
  return 'inode' in b && a.inode === b.inode;
}

/** Whether a file is what was written: a hard link becomes a file of its own when the folder is copied. */
export function isWrittenFile(found: Fingerprint, written: Fingerprint): boolean {
  return isSameFile(found, written) || ('content' in written && isSameFile(found, written.content));
}

export function fingerprintText(text: string): Fingerprint {
  return { size: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

/** Reads a regular file. @throws the errors of the file system as they are. */
export async function fingerprintFile(path: string): Promise<FileContent> {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      size += chunk.length;
      hash.update(chunk);
    }
  });
  return { size, sha256: hash.digest('hex') };
}

export function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}-${ino}`;
}

/** Changes whenever the content does, also when its size and modification time are set back: ctime cannot be set. */
export function stampOf({ ino, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}-${mtimeNs}-${ctimeNs}`;
}
