import type { Server as HttpServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import type { FastifyHttpOptions } from 'fastify';
import { messageOf, PreannotateError } from '../core/errors.js';
import { readTextFile } from '../disk/regular-file.js';

const HEADERS_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8 * 1024;
const KEEP_ALIVE_MS = 65_000; // more than the 60 s of load balancers, so that they close idle connections, not we
const CHECK_INTERVAL_MS = 500; // how often Node looks for clients that are too slow
const MAX_PEM_BYTES = 1 << 20;
const RECEIVE_GRACE_MS = 5_000; // our own limit, which answers with a reason, comes before Node's

interface TransportSettings {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly receiveTimeoutSec: number;
}

/** HTTP or HTTPS, with its limits. @throws PreannotateError CONFIG_INVALID for a certificate that cannot be used */
export async function createTransport(settings: TransportSettings): Promise<FastifyHttpOptions<HttpServer>> {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const certificate = await loadCertificate(settings);
  const https = { ...limits, ...certificate, handshakeTimeout: HEADERS_TIMEOUT_MS };
  return {
    requestTimeout: settings.receiveTimeoutSec * 1000 + HEADERS_TIMEOUT_MS + RECEIVE_GRACE_MS,
    connectionTimeout: 0, // would also cut a client that waits for a slow answer; the limits here cover the others
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(certificate === undefined ? { http: limits } : { https }),
  }; // we use HTTP and HTTPS servers alike; Fastify's types do not
}

async function loadCertificate({
  tlsCert,
  tlsKey,
}: TransportSettings): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  try {
    const read = (file: string) => readTextFile(file, MAX_PEM_BYTES);
    const [cert, key] = await Promise.all([read(tlsCert), read(tlsKey)]);
    createSecureContext({ cert, key }); // throws unless the two belong together
    return { cert, key };
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'CONFIG_INVALID',
        message: `--tls-cert ${tlsCert} and --tls-key ${tlsKey} cannot be used: ${messageOf(error)}.`,
        hint:
          'Both are PEM files: the certificate, followed by its chain up to the authority, and the private key of ' +
          'the certificate, without a password.',
      },
      error,
    );
  }
}
