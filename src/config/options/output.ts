import { z } from 'zod';
import * as value from './values.js';

const LOG_FORMATS = ['text', 'json'] as const;

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
  log_format: z
    .exactOptional(value.choice(LOG_FORMATS))
    .describe('Form of notes and errors on stderr: text, or json (one object a line). Default: text')
    .meta({ examples: ['json'], flag: { group: 'other', placeholder: 'form' } }),
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

/** Forms of progress: auto is a bar on a terminal, and lines elsewhere. */
const PROGRESS_STYLES = ['auto', 'bar', 'plain', 'json', 'none'] as const;

/** What `serve` prints and logs. It has no result. */
export const logOptions = {
  quiet: outputOptions.quiet.describe('Print errors only: neither the address nor, of the log, anything but errors'),
  verbose: outputOptions.verbose,
  log_format: outputOptions.log_format.describe(
    'Form of the log on stderr: text, or json (one object a line). Default: text on a terminal, else json',
  ),
};

/** What commands print that work for a while. */
export const progressOptions = {
  ...outputOptions,
  progress: value
    .choice(PROGRESS_STYLES)
    .default('auto')
    .describe(
      'How progress is shown on stderr: bar (on a terminal), plain lines, json (one object a line, for programs) or ' +
        'none. auto is a bar on a terminal, and plain lines elsewhere',
    )
    .meta({ flag: { group: 'other', placeholder: 'how' } }),
  log_format: outputOptions.log_format.describe(
    'Form of all other lines on stderr: text, or json (one object a line). Default: text; json with --progress json',
  ),
};

/** What a worker of a queue prints. It has no result. */
const { json: _, ...workerOutputOptions } = progressOptions;
export { workerOutputOptions };
