import { z } from 'zod';
import * as value from './values.js';

/** A path of the server; what comes after it, and patterns, are not meant. */
const urlPath = z.string().regex(/^\/[\w./-]+$/, { error: 'must be a path such as /health' });

/** A name, an address, or *.name; in lower case, without a port. */
const hostName = z
  .string()
  .regex(/^(?:\*\.)?[\w.:[\]-]+$/, { error: 'must be a host such as boxes.example.org or *.example.org' })
  .toLowerCase();

/** How the server is reached, and by which names. */
export const listenOptions = {
  unix: z
    .exactOptional(z.string().min(1))
    .describe('Listen on this Unix socket instead of host and port; who may open it is up to the rights of its folder')
    .meta({ examples: ['preannotate.sock'], flag: { placeholder: 'path' }, path: 'always' }),
  tls_cert: z
    .exactOptional(z.string().min(1))
    .describe('Serve HTTPS: file with the certificate and those that lead to its authority, as PEM')
    .meta({ examples: ['certificate.pem'], flag: { placeholder: 'file' }, path: 'always' }),
  tls_key: z
    .exactOptional(z.string().min(1))
    .describe('File with the private key of --tls-cert, as PEM')
    .meta({ examples: ['key.pem'], flag: { placeholder: 'file' }, path: 'always' }),
  allowed_hosts: z
    .exactOptional(value.words(hostName))
    .describe(
      'Answer only requests to these host names (boxes.example.org, or *.example.org), whatever their port. Probes may use any',
    )
    .meta({ examples: [['boxes.example.org']], flag: { placeholder: 'list', repeatable: true } }),
  health_path: urlPath
    .default('/health')
    .describe('Where load balancers are told ok, or not ready')
    .meta({ flag: { placeholder: 'path' } }),
  docs: value
    .toggle()
    .default(true)
    .describe('Serve /docs and /openapi.json')
    .meta({ flag: { negation: 'Do not serve /docs and /openapi.json' } }),
  drain_delay_sec: value
    .numberBetween(0, 3600)
    .default(0)
    .describe('Seconds to go on after SIGTERM while /readyz says no, so that load balancers have time to notice')
    .meta({ flag: { placeholder: 's' } }),
};
