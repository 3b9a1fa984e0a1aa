import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { fetchImage } from '../../src/net/fetch-image.js';
import type { UrlPolicy } from '../../src/net/url-policy.js';
import { startRawServer, startWebServer } from '../support/servers/web-server.js';

/** The signal of a client that stays. */
export const never = new AbortController().signal;

/** Private networks are open, as the servers of the tests are in one. */
export const POLICY: UrlPolicy = {
  enabled: true,
  allowPrivate: true,
  maxBytes: 1e6,
  timeoutMs: 5000,
  maxRedirects: 5,
};

/** Fetches from this machine, where only that port is allowed. */
export function fetchFrom(port: number, changes: Partial<UrlPolicy> & { path?: string; signal?: AbortSignal } = {}) {
  const { path = '/photo.jpg', signal = never, ...rest } = changes;
  return fetchImage(
    `http://127.0.0.1:${port}${path}`,
    { ...POLICY, timeoutMs: 1000, allowHosts: [`*:${port}`], ...rest },
    signal,
  );
}

/** The image or the error that a URL whose server answers like this leads to. */
export async function answered(listener: RequestListener, changes: Partial<UrlPolicy> = {}) {
  using web = await startWebServer(listener);
  return await fetchFrom(web.port, changes).catch((error: unknown) => error);
}

/** The image or the error that a URL whose server sends these bytes leads to. */
export async function spoken(speak: (socket: Socket) => void, changes: Partial<UrlPolicy> = {}) {
  using web = await startRawServer(speak);
  return await fetchFrom(web.port, changes).catch((error: unknown) => error);
}
