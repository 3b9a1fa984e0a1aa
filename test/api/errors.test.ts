import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ErrorCode } from '../../src/api/error-types.js';
import { FAILURES, type FailureCode } from '../../src/core/errors.js';
import { ROOT } from '../support/model/golden.js';

/** Of commands that no call runs, and of servers. */
type OtherCode = Exclude<FailureCode, ErrorCode>;

const OTHERS: Readonly<Record<OtherCode, true>> = {
  ...({
    DATA_SET_INVALID: true,
    PARTS_UNUSABLE: true,
    IMAGES_FAILED: true,
    BELOW_MINIMUM: true,
    LISTEN_FAILED: true,
    IMAGE_QUARANTINED: true,
  } as const),
  ...({ REQUEST_MALFORMED: true, HOST_REFUSED: true, ORIGIN_REFUSED: true, READ_ONLY: true } as const),
  ...({ IMAGE_CHANGED: true, REQUEST_INVALID: true, UNAUTHORIZED: true, NOT_FOUND: true } as const),
  ...({ METHOD_NOT_ALLOWED: true, RECEIVED_TOO_SLOWLY: true, BODY_TOO_LARGE: true } as const),
  ...({ MEDIA_TYPE_UNSUPPORTED: true, QUEUE_FULL: true, HEADERS_TOO_LARGE: true, CLIENT_GONE: true } as const),
  ...({ NOT_IMPLEMENTED: true, NOT_READY: true, DEADLINE_PASSED: true, INTERNAL: true } as const),
};

it('the documentation of calls has every code that they may reject with, and no other', () => {
  const page = readFileSync(join(ROOT, 'fixtures/docs/program.md'), 'utf8');
  const table = page.slice(page.indexOf('| code '), page.indexOf('An aborted call'));
  const documented = [...table.matchAll(/`([A-Z_]{5,})`/g)].map(([, code]) => code!);
  const codes = Object.keys(FAILURES).filter((code) => !(code in OTHERS));
  expect(documented.sort()).toEqual(codes.sort());
});
