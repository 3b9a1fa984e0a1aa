import { z } from 'zod';
import * as value from './values.js';

/** What to do with an output folder that is locked by a process of which it is uncertain whether it has ended. */
export const lockOptions = {
  take_over_after: z
    .exactOptional(value.duration(5))
    .describe(
      'Take the output folder over from a run on another machine or in another container that shows no heartbeat for ' +
        'this time, such as 5m or 30s',
    )
    .meta({ examples: ['5m'], flag: { group: 'output', placeholder: 'time' } }),
  force_unlock: value
    .toggle()
    .default(false)
    .describe('Take the output folder over at once; only where the other run has certainly ended')
    .meta({ flag: { group: 'output', only: true } }),
};
