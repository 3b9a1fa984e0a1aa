import { dirname, resolve } from 'node:path';
import { replaceFile } from '../../disk/atomic.js';
import { makeFolder } from '../../disk/make-folder.js';
import { withOutputErrors } from '../../disk/write-failure.js';
import { expectedRoot } from '../../run/image-root.js';
import { readErrors } from '../../run/error-log.js';
import { readManifest } from '../../run/manifest.js';
import { formatAnnotations } from './annotations.js';
import { formatJunit } from './junit.js';

/** Where failed images are reported, beside errors.jsonl. */
export interface FailurePlaces {
  readonly junit: string | undefined; // file of --junit
  readonly quiet: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** Makes the folder of --junit before hours of work, not after. @throws PreannotateError OUTPUT_UNUSABLE */
export async function prepareJunit({ junit }: Pick<FailurePlaces, 'junit'>): Promise<void> {
  if (junit !== undefined) await withOutputErrors(junit, () => makeFolder(dirname(resolve(junit))));
}

/**
 * Writes JUnit XML where it was asked for, and tells GitHub Actions which images failed.
 *
 * @throws PreannotateError WRITE_FAILED, OUTPUT_UNUSABLE for the file of --junit
 */
export async function reportFailures(outDir: string, { junit, quiet, environment }: FailurePlaces): Promise<void> {
  const isOnGithub = environment['GITHUB_ACTIONS'] === 'true' && !quiet;
  if (junit === undefined && !isOnGithub) return;
  const errors = await readErrors(outDir);
  const { root, timings, root_absolute: absolute } = (await readManifest(outDir)) ?? {};
  if (junit !== undefined) await replaceFile(resolve(junit), formatJunit(errors, (timings?.['total_ms'] ?? 0) / 1000));
  if (!isOnGithub) return;
  const place = {
    root:
      root === undefined
        ? undefined
        : expectedRoot(outDir, { root, ...(absolute === undefined ? {} : { root_absolute: absolute }) }),
    workspace: environment['GITHUB_WORKSPACE'] ?? process.cwd(),
  };
  process.stderr.write(formatAnnotations(errors, place));
}
