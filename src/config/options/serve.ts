import { z } from 'zod';
import { listenOptions } from './listen.js';
import { decimal } from './text-patterns.js';
import * as value from './values.js';

/** Who can read /metrics. */
export const METRICS_ACCESS = ['key', 'open', 'off'] as const;

/** Protocols of other programs that the server supports besides its own. */
const PROTOCOLS = ['label-studio', 'cvat', 'kserve', 'none'] as const;

/** As pino calls them. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** How the server listens, and what it accepts. */
export const serveOptions = {
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for the network (then use API keys)')
    .meta({ flag: { group: 'address', basic: true, placeholder: 'address' }, variable: 'SERVER_NAME' }),
  port: value
    .wholeBetween(0, 65_535)
    .default(8000)
    .describe('Port to listen on; 0 chooses a free one and prints it')
    .meta({ flag: { group: 'address', basic: true, placeholder: 'n' }, variable: 'SERVER_PORT' }),
  ...listenOptions,
  timeout_sec: value
    .numberBetween(0, 3600)
    .default(30)
    .describe(
      'Seconds that a request may take once it is received; then 504. 0: no limit. X-Request-Timeout-Ms can shorten it',
    )
    .meta({ flag: { group: 'requests', basic: true, placeholder: 's' } }),
  receive_timeout_sec: value
    .numberBetween(0.1, 3600, `${decimal(1, 3600)}|0?\\.[1-9]\\d*`)
    .default(30)
    .describe('Seconds that a client may take to send a request; then 408')
    .meta({ flag: { group: 'requests', placeholder: 's' } }),
  drain_sec: value
    .numberBetween(0, 3600)
    .default(30)
    .describe('Seconds that requests in flight have to finish after SIGTERM or SIGINT')
    .meta({ flag: { group: 'requests', placeholder: 's' } }),
  queue_items: value
    .wholeBetween(1, 1_000_000)
    .default(64)
    .describe('Maximum number of images in the server at once, waiting or computing; beyond it 429')
    .meta({ flag: { group: 'requests', placeholder: 'n' } }),
  queue_bytes: value
    .byteSize()
    .prefault('256MB')
    .describe('Maximum size of all requests in the server at once; beyond it 429')
    .meta({ flag: { group: 'requests', placeholder: 'size' } }),
  body_limit: value
    .byteSize()
    .prefault('32MB')
    .describe('Reject requests whose body is larger than this; base64 makes an image a third larger')
    .meta({ flag: { group: 'requests', placeholder: 'size' } }),
  request_images: value
    .wholeBetween(1, 10_000)
    .default(64)
    .describe('Maximum number of images in a request to /predict/batch')
    .meta({ flag: { group: 'requests', placeholder: 'n' } }),
  answer_cache: value
    .wholeBetween(0, 100_000)
    .default(0)
    .describe(
      'Keep what was found in so many of the images asked for last, up to 60 kB each, and answer from memory when ' +
        'one comes again with the same prompts; 0: none',
    )
    .meta({ flag: { group: 'speed', placeholder: 'n' } }),
  url: value
    .toggle()
    .default(true)
    .describe(
      'Fetch the images that requests give as image_url, from public addresses and ports 80, 443, 8080 and 8443; ' +
        'others are refused',
    )
    .meta({ flag: { group: 'requests', negation: 'Refuse every image_url that would have to be fetched' } }),
  allow_host: value
    .texts()
    .default([])
    .describe(
      'Fetch images only from this host: example.org, *.example.org, or example.org:9000 for another port than the ' +
        'usual 80, 443, 8080 and 8443. Repeatable',
    )
    .meta({ flag: { group: 'requests', placeholder: 'host', repeatable: true } }),
  allow_private: value
    .toggle()
    .default(false)
    .describe(
      'Also fetch images from private networks and this machine, and from every port; best combined with --allow-host',
    )
    .meta({ flag: { group: 'requests' } }),
  compat: value
    .words(z.enum(PROTOCOLS), PROTOCOLS.join('|'))
    .default(['label-studio', 'cvat', 'kserve'])
    .describe('Protocols to support besides our own, separated by commas: label-studio, cvat, kserve; or none')
    .meta({ flag: { group: 'requests', placeholder: 'list', repeatable: true } }),
  label_studio_url: z
    .exactOptional(
      z
        .url({ protocol: /^https?$/, error: 'must be an address such as http://label-studio:8080' })
        .meta({ pattern: '^https?://[^\\s/]' }),
    )
    .describe(
      'Label Studio from which the files of its tasks are fetched, also at a private address, with ' +
        'LABEL_STUDIO_API_KEY',
    )
    .meta({
      examples: ['http://label-studio:8080'],
      flag: { group: 'requests', placeholder: 'url' },
      variable: 'LABEL_STUDIO_URL',
    }),
  api_key_file: z
    .exactOptional(z.string().min(1))
    .describe('File with the accepted API keys, one per line. Also PREANNOTATE_API_KEYS, separated by commas')
    .meta({ examples: ['keys.txt'], flag: { group: 'address', basic: true, placeholder: 'file' }, path: 'always' }),
  metrics: value
    .choice(METRICS_ACCESS)
    .default('key')
    .describe('Who can read /metrics: clients with an API key (key), everyone (open), or no one (off)')
    .meta({ flag: { group: 'address', placeholder: 'who' } }),
  cors_origin: value
    .texts()
    .default([])
    .describe('Allow web pages of this origin to call the server (https://tool.example.org, or * for all). Repeatable')
    .meta({ flag: { group: 'address', placeholder: 'origin', repeatable: true } }),
  log_level: value
    .choice(LOG_LEVELS)
    .default('info')
    .describe(`Minimum level of the JSON log lines on stderr: ${LOG_LEVELS.join(', ')}`)
    .meta({ flag: { group: 'other', placeholder: 'level' } }),
};

/** Images of untrusted clients: smaller limits than those for one's own files. */
export const serveImageOptions = {
  max_pixels: value
    .wholeBetween(1, 2 ** 31 - 1)
    .default(50_000_000)
    .describe(
      'Reject images with more pixels than this, or that take more time or memory than it allows because of their ' +
        'shape or encoding; decoding takes 3 bytes of memory for each pixel',
    )
    .meta({ flag: { group: 'requests', placeholder: 'n' } }),
  max_bytes: value
    .byteSize()
    .prefault('20MB')
    .describe('Reject images larger than this, such as 20MB')
    .meta({ flag: { group: 'requests', placeholder: 'size' } }),
};
