import { defineConfig } from 'vitest/config';

const jsonResults = process.env['VITEST_JSON_RESULTS'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests start real workers; more test files at once than cores only makes them slower.
    maxWorkers: 2,
    // .ci/run counts the tests from this file.
    ...(jsonResults === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: jsonResults } }),
  },
});
