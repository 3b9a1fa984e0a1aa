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
