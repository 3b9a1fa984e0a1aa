import { z } from 'zod';
import { parseShard } from '../../run/shards/scheduler.js';
import * as value from './values.js';

/** How a batch run uses its output folder. */
export const runOptions = {
  out: z
    .string()
    .min(1)
    .default('./annotations')
    .describe('Folder for the results; another run into the same folder resumes the first')
    .meta({ flag: { group: 'output', basic: true, short: 'o', placeholder: 'dir' }, path: 'always' }),
  score_floor: value
    .fraction()
    .default(0.05)
    .describe(
      'Store detections scoring above this, for thresholds chosen later: lower stores more and makes a larger journal',
    )
    .meta({ flag: { group: 'boxes', placeholder: 'x' } }),
  max_errors: value
    .errorBudget()
    .prefault(0)
    .describe(
      'Exit with code 3 if more images fail than this number, or this share (5%); above 0, also stop the run there',
    )
    .meta({ flag: { group: 'input', placeholder: 'n|p%' } }),
  max_runtime: z
    .exactOptional(value.duration(1))
    .describe(
      'Stop after this time, such as 50m or 5h (a number alone is seconds), write the annotation files of what is ' +
        'annotated, and exit with code 75 if images are left: the same command continues',
    )
    .meta({ examples: ['50m'], flag: { group: 'input', basic: true, placeholder: 'time', only: true } }),
  limit: z
    .exactOptional(value.imageCount())
    .describe('Annotate only the first n images by name; the same command without it annotates the rest')
    .meta({ flag: { group: 'input', basic: true, short: 'n', placeholder: 'n', only: true } }),
  sample: z
    .exactOptional(value.imageCount())
    .describe('Annotate only n images from all over the folders, the same n every time')
    .meta({ flag: { group: 'input', basic: true, placeholder: 'n', only: true } }),
  watch: value
    .toggle()
    .default(false)
    .describe('Annotate images as they arrive in the folders, until stopped by Ctrl-C or SIGTERM')
    .meta({ flag: { group: 'input', basic: true, only: true } }),
  retry_failed: value
    .toggle()
    .default(false)
    .describe('Annotate only the images that failed in the last run into this folder, by its errors.jsonl')
    .meta({ flag: { group: 'input', basic: true, only: true } }),
  shard: z
    .exactOptional(shard())
    .describe(
      'Annotate only part i of n, into <out>/shards/i-of-n; `preannotate merge` joins the parts. auto takes the part ' +
        'from Slurm, AWS Batch or GitLab, auto/n also from Kubernetes',
    )
    .meta({
      flag: { group: 'input', basic: true, placeholder: 'i/n', only: true },
      suggested: { words: ['auto'], isList: false },
    }),
  accept_missing: value
    .toggle()
    .default(false)
    .describe(
      'Let annotated images that are gone (deleted, renamed or excluded) leave the annotation files even if they are ' +
        'more than 10 % of all; otherwise the run is refused then',
    )
    .meta({ flag: { group: 'output' } }),
  keep_missing: value
    .toggle()
    .default(false)
    .describe('Keep annotated images that are gone in the annotation files')
    .meta({ flag: { group: 'output' } }),
  dry_run: value
    .toggle()
    .default(false)
    .describe('Print what would be done, and do nothing')
    .meta({ flag: { group: 'output', only: true } }),
  resume: value
    .toggle()
    .default(true)
    .describe('Resume from the results in the output folder (this is the default)')
    .meta({ flag: { group: 'output', only: true } }),
  restart: value
    .toggle()
    .default(false)
    .describe('Annotate everything again; the results of the earlier run are kept in .preannotate/journals')
    .meta({ flag: { group: 'output', basic: true, only: true } }),
};

/** `i/n`, `auto`, or `auto/n`. */
function shard() {
  const error = 'must be i/n, where parts count from 1 to n (1/4 to 4/4), or auto, or auto/n';
  return z
    .string({ error })
    .refine((text) => parseShard(text) !== undefined, { error })
    .transform((text) => parseShard(text)!);
}
