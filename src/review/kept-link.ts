import { lstat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile } from '../disk/json.js';
import { writePrivateFile } from './private-file.js';

const Secret = z.string().regex(/^[\w-]{43}$/); // 32 bytes as base64url

/** What makes the link of a review, kept so that pages of the one before go on with the next one. */
const KeptLink = z.object({ port: z.int().min(1).max(65_535), token: Secret, session: Secret });
export type KeptLink = z.output<typeof KeptLink>;

const OTHERS = 0o077;

/** The link of the review before, unless others than this user can read or have written it. */
export async function readKeptLink(outDir: string): Promise<KeptLink | undefined> {
  try {
    const stats = await lstat(placeOf(outDir));
    const user = process.getuid?.();
    if (!stats.isFile() || (user !== undefined && (stats.uid !== user || (stats.mode & OTHERS) !== 0)))
      return undefined;
    return await readJsonFile(placeOf(outDir), KeptLink, { code: 'JOURNAL_DAMAGED', hint: '' });
  } catch {
    return undefined;
  }
}

/** Where it cannot be written, the next review has another link. */
export async function keepLink(outDir: string, link: KeptLink): Promise<void> {
  try {
    await writePrivateFile(placeOf(outDir), `${JSON.stringify(link)}\n`);
  } catch {
    // Such as in a folder that can only be read.
  }
}

/** Whether a server can listen at a port. */
export async function isFreePort(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function placeOf(outDir: string): string {
  return join(outDir, '.preannotate', 'review-link.json');
}
