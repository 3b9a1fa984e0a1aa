import { z } from 'zod';
import * as value from './values.js';

/** What is printed. */
export const outputOptions = {
  json: value
    .toggle()
    .default(false)
    .describe('Print the result as JSON on stdout; everything else goes to stderr')
    .meta({ flag: { group: 'other', basic: true, only: true } }),
  quiet: value
    .toggle()
    .default(false)
    .describe('Print errors only')
    .meta({ flag: { group: 'other', short: 'q' } }),
  verbose: value
    .toggle()
    .default(false)
    .describe('Also print the causes of errors and the time of each stage')
    .meta({ flag: { group: 'other', basic: true, short: 'v' } }),
};

/** What is written for a job, beside the result. */
export const summaryOptions = {
  summary: z
    .exactOptional(z.string().min(1))
    .describe(
      'File for a summary as Markdown. In GitHub Actions it is also added to the summary of the step ' +
        '($GITHUB_STEP_SUMMARY), without this option too',
    )
    .meta({ flag: { group: 'output', placeholder: 'file', only: true }, path: 'always' }),
};

/** What a run writes for a CI system, beside the summary. */
export const reportOptions = {
  junit: z
    .exactOptional(z.string().min(1))
    .describe('File for the images that failed as JUnit XML, which CI systems show as failed tests')
    .meta({ flag: { group: 'output', placeholder: 'file', only: true }, path: 'always' }),
};
