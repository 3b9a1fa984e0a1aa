import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { RunConfig } from '../../../src/config/schema.js';
import { PreannotateError } from '../../../src/core/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Where the settings of `run` come from. */
export interface Given {
  readonly flags?: Record<string, unknown>;
  readonly environment?: Record<string, string>;
  readonly config?: string; // text of ./preannotate.yaml
}

/** Gives each test of a file a working folder of its own. */
export function useWorkingFolder() {
  let cwd: string;
  beforeEach(async () => {
    cwd = await temporaryFolder();
  });
  const loadRun = async ({ flags = {}, environment = {}, config }: Given) => {
    if (config !== undefined) await writeFile(join(cwd, 'preannotate.yaml'), config);
    return loadSettings({ schema: RunConfig, flags, environment, cwd });
  };
  const failureOf = async (given: Given): Promise<PreannotateError> => {
    const error = await loadRun(given).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(PreannotateError);
    expect((error as PreannotateError).code).toBe('CONFIG_INVALID');
    return error as PreannotateError;
  };
  return { folder: () => cwd, loadRun, failureOf };
}
