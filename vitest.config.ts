import { defineConfig } from 'vitest/config';

const jsonResults = process.env['VITEST_JSON_RESULTS'];

/** Tests of what users start: they start processes, servers and browsers, or keep a model busy for seconds. */
const PROCESS_TESTS = 'test/**/*.process.test.ts';

/** What takes minutes: many kills, many images. `npm test` has short versions of them. */
const LONG_TESTS = 'test/**/*.long.test.ts';

export default defineConfig({
  test: {
    // Tests start real workers; more test files at once than cores only makes them slower.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { npm_command: '' }, // `npx vitest` sets it, and texts name commands as they were called
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [PROCESS_TESTS, LONG_TESTS], isolate: false },
      },
      { extends: true, test: { name: 'process', include: [PROCESS_TESTS] } },
      { extends: true, test: { name: 'long', include: [LONG_TESTS], maxWorkers: 1, testTimeout: 3_600_000 } },
    ],
    // .ci/run counts the tests from this file.
    ...(jsonResults === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: jsonResults } }),
  },
});
