import { z } from 'zod';
import * as value from '../values.js';

/** What `features verify` does besides checking. */
export const verifyFeaturesOptions = {
  fix: value
    .toggle()
    .default(false)
    .describe('Remove files that cannot be used; the next run computes them again')
    .meta({ flag: { group: 'other', basic: true, only: true } }),
};

/** Which features are removed. */
export const removeFeaturesOptions = {
  features_model: z
    .exactOptional(z.string().min(1))
    .describe('Only those of this model, as `features info` lists it: its name or its key')
    .meta({ flag: { group: 'other', basic: true, name: 'model', placeholder: 'name', only: true } }),
  older_than: z
    .exactOptional(value.duration(0))
    .describe('Only those that were not used for this time, such as 30d or 12h')
    .meta({ flag: { group: 'other', basic: true, placeholder: 'time', only: true } }),
};
