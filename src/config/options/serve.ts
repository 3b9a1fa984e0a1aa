import { z } from 'zod';
import { listenOptions } from './listen.js';
import * as value from './values.js';

/** Who may read /metrics. */
export const METRICS_ACCESS = ['key', 'open', 'off'] as const;

/** Other programs' protocols that the server speaks besides its own. */
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
    .meta({ flag: { placeholder: 'address' }, variable: 'SERVER_NAME' }),
  port: value
    .wholeBetween(0, 65_535)
    .default(8000)
    .describe('Port to listen on; 0 takes a free one and prints it')
    .meta({ flag: { placeholder: 'n' }, variable: 'SERVER_PORT' }),
  ...listenOptions,
  timeout_sec: value
    .numberBetween(0, 3600)
    .default(30)
    .describe(
      'Seconds a request may take once it was received; then 504. 0: no limit. X-Request-Timeout-Ms may shorten it',
    )
    .meta({ flag: { placeholder: 's' } }),
  receive_timeout_sec: value
    .numberBetween(0.1, 3600)
    .default(30)
    .describe('Seconds a client may take to send a request; then 408')
    .meta({ flag: { placeholder: 's' } }),
  drain_sec: value
    .numberBetween(0, 3600)
    .default(30)
    .describe('Seconds that requests in flight get to finish after SIGTERM or SIGINT')
    .meta({ flag: { placeholder: 's' } }),
  queue_items: value
    .wholeBetween(1, 1_000_000)
    .default(64)
    .describe('Images that may be in the server at once, waiting or computing; beyond that 429')
    .meta({ flag: { placeholder: 'n' } }),
  queue_bytes: value
    .byteSize()
    .prefault('256MB')
    .describe('Bytes of requests that may be in the server at once; beyond that 429')
    .meta({ flag: { placeholder: 'size' } }),
  body_limit: value
    .byteSize()
    .prefault('32MB')
    .describe('Refuse requests whose body is larger than this; base64 adds a third to an image')
    .meta({ flag: { placeholder: 'size' } }),
  request_images: value
    .wholeBetween(1, 10_000)
    .default(64)
    .describe('Images that one request to /predict/batch may hold')
    .meta({ flag: { placeholder: 'n' } }),
  url: value
    .toggle()
    .default(true)
    .describe('Fetch images that a request names by image_url; private and local addresses are refused')
    .meta({ flag: { negation: 'Refuse every image_url' } }),
  allow_host: value
    .texts()
    .default([])
    .describe('Fetch images from this host only: example.org, *.example.org, example.org:9000. Repeatable')
    .meta({ flag: { placeholder: 'host', repeatable: true } }),
  allow_private: value
    .toggle()
    .default(false)
    .describe('Also fetch images from private networks and this machine; best together with --allow-host')
    .meta({ flag: {} }),
  compat: value
    .words(z.enum(PROTOCOLS))
    .default(['label-studio', 'cvat', 'kserve'])
    .describe('Protocols to speak besides our own, separated by commas: label-studio, cvat, kserve; or none')
    .meta({ flag: { placeholder: 'list', repeatable: true } }),
  label_studio_url: z
    .exactOptional(z.url({ protocol: /^https?$/, error: 'must be an address such as http://label-studio:8080' }))
    .describe(
      'The Label Studio whose files are fetched for its tasks, also at a private address; LABEL_STUDIO_API_KEY opens them',
    )
    .meta({ examples: ['http://label-studio:8080'], flag: { placeholder: 'url' }, variable: 'LABEL_STUDIO_URL' }),
  api_key_file: z
    .exactOptional(z.string().min(1))
    .describe('File with API keys, one a line; any of them opens the server. Also PREANNOTATE_API_KEYS, with commas')
    .meta({ examples: ['keys.txt'], flag: { placeholder: 'file' }, path: 'always' }),
  metrics: value
    .choice(METRICS_ACCESS)
    .default('key')
    .describe('Who may read /metrics: whoever has an API key, everybody (open), or nobody (off)')
    .meta({ flag: { placeholder: 'who' } }),
  cors_origin: value
    .texts()
    .default([])
    .describe('Let web pages of this origin call the server (https://tool.example.org, or * for all). Repeatable')
    .meta({ flag: { placeholder: 'origin', repeatable: true } }),
  log_level: value
    .choice(LOG_LEVELS)
    .default('info')
    .describe('What is logged to stderr, as lines of JSON')
    .meta({ flag: { placeholder: 'level' } }),
};

/** Strangers' images: smaller limits than those for files of one's own. */
export const serveImageOptions = {
  max_pixels: value
    .wholeBetween(1, 2 ** 31 - 1)
    .default(50_000_000)
    .describe('Refuse images with more pixels than this; decoding takes 3 bytes of memory for each')
    .meta({ flag: { placeholder: 'n' } }),
  max_bytes: value
    .byteSize()
    .prefault('20MB')
    .describe('Refuse images larger than this, such as 20MB')
    .meta({ flag: { placeholder: 'size' } }),
};
