import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether symbolic links can be made here; on Windows that needs a privilege or developer mode. */
export const canLink = linksWork();

function linksWork(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'preannotate-link-'));
  try {
    symlinkSync('target', join(folder, 'link'));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
