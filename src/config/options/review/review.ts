import { z } from 'zod';
import { featureOptions } from '../features/run.js';
import { lockOptions } from '../lock.js';
import { rootOptions } from '../views.js';
import { serveOptions } from '../serve.js';
import { importOptions } from './import.js';
import * as value from '../values.js';

const { host, api_key_file, allowed_hosts, tls_cert, tls_key } = serveOptions;

/** How a run is looked through and corrected in a browser. */
export const reviewOptions = {
  host: host.describe(
    'Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for the network (needs API keys)',
  ),
  port: value
    .wholeBetween(0, 65_535)
    .default(0)
    .describe('Port to listen on; 0 chooses a free one')
    .meta({ flag: { group: 'address', basic: true, placeholder: 'n' } }),
  ...{ api_key_file, allowed_hosts, tls_cert, tls_key },
  open: value
    .toggle()
    .default(false)
    .describe('Open the page in the browser of this machine')
    .meta({ flag: { group: 'address', basic: true, only: true } }),
  author: z
    .exactOptional(z.string().min(1).max(200))
    .describe('Name that decisions are saved under. Default: your login name')
    .meta({ examples: ['mira'], flag: { group: 'output', basic: true, placeholder: 'name' } }),
  features: featureOptions.features.describe(
    'Folder of stored features, with which the model answers prompts for the whole run. Default: that of the run',
  ),
  ...importOptions,
  ...rootOptions,
  ...lockOptions,
};
