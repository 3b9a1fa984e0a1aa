import { z } from 'zod';
import * as value from './values.js';

/** A path of the server, without query string or pattern. */
const urlPath = z.string().regex(/^\/[\w./-]+$/, { error: 'must be a path such as /health' });

/** A name, an address, *.name, or * for all; in lower case, without a port. */
const HOST = '(?:\\*|(?:\\*\\.)?[\\w.:[\\]-]+)';
const hostName = z
  .string()
  .regex(/^(?:\*|(?:\*\.)?[\w.:[\]-]+)$/, { error: 'must be a host such as boxes.example.org or *.example.org' })
  .toLowerCase();

/** Where the server listens, and under which names. */
export const listenOptions = {
  unix: z
    .exactOptional(z.string().min(1))
    .describe(
      'Listen on this Unix socket instead of host and port; the permissions of its folder decide who can connect',
    )
    .meta({ examples: ['preannotate.sock'], flag: { group: 'address', placeholder: 'path' }, path: 'always' }),
  tls_cert: z
    .exactOptional(z.string().min(1))
    .describe('Serve HTTPS with the certificate in this PEM file, followed by its intermediate certificates')
    .meta({ examples: ['certificate.pem'], flag: { group: 'address', placeholder: 'file' }, path: 'always' }),
  tls_key: z
    .exactOptional(z.string().min(1))
    .describe('PEM file with the private key of --tls-cert')
    .meta({ examples: ['key.pem'], flag: { group: 'address', placeholder: 'file' }, path: 'always' }),
  allowed_hosts: z
    .exactOptional(value.words(hostName, HOST))
    .describe(
      'Answer only requests to these host names (boxes.example.org, *.example.org, or * for any), on any port. ' +
        'Default: local names only (localhost, 127.0.0.1) over the loopback interface, any name over a network. ' +
        'Health probes may use any name',
    )
    .meta({ examples: [['boxes.example.org']], flag: { group: 'address', placeholder: 'list', repeatable: true } }),
  health_path: urlPath
    .default('/health')
    .describe('Path of the health check for load balancers')
    .meta({ flag: { group: 'address', placeholder: 'path' } }),
  docs: value
    .toggle()
    .default(true)
    .describe('Serve /docs and /openapi.json')
    .meta({ flag: { group: 'address', negation: 'Do not serve /docs and /openapi.json' } }),
  drain_delay_sec: value
    .numberBetween(0, 3600)
    .default(0)
    .describe(
      'Seconds to keep serving after SIGTERM while /readyz reports not ready, so that load balancers have time to ' +
        'react',
    )
    .meta({ flag: { group: 'address', placeholder: 's' } }),
};
