import { z } from 'zod';
import * as value from '../values.js';

/** What a report holds, and where it is written. */
export const reportFileOptions = {
  output: z
    .exactOptional(z.string().min(1))
    .describe('File for the report. Default: report.html in the output folder')
    .meta({ flag: { group: 'output', short: 'o', basic: true, placeholder: 'file', only: true }, path: 'always' }),
  max_size: value
    .byteSize()
    .default(50_000_000)
    .describe('Embed small pictures up to this size of the file, those of the most uncertain images first')
    .meta({ flag: { group: 'output', basic: true, placeholder: 'size', shownDefault: '50MB', only: true } }),
  link: value
    .toggle()
    .default(false)
    .describe('Link to the images by relative paths, instead of embedding small pictures: the file stays small')
    .meta({ flag: { group: 'output', basic: true, only: true } }),
  evaluation: z
    .exactOptional(z.string().min(1))
    .describe('What `preannotate eval --json` has printed, to be shown in the report')
    .meta({ flag: { group: 'input', basic: true, placeholder: 'file', only: true }, path: 'always' }),
};
