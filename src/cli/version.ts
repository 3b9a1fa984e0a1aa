import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJsonFile } from '../disk/json.js';

const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
const REFUSAL = { code: 'INTERNAL', hint: 'Install preannotate again.' } as const;

/** The version of this package. */
export const VERSION = (await readJsonFile(PACKAGE, z.object({ version: z.string() }), REFUSAL))!.version;
