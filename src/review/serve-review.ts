import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { untilAborted } from '../core/stream.js';
import type { ApiKeys } from '../http/auth.js';
import { Connections } from '../http/connections.js';
import { listen } from '../http/listen.js';
import { isEveryInterface } from '../http/loopback.js';
import type { FetchSettings } from '../images/remote/fetch-settings.js';
import { Access } from './access.js';
import { createReviewApp } from './app.js';
import type { Rerun } from './ask/rerun.js';
import { ReviewImages } from './images/review-images.js';
import { isFreePort, keepLink, readKeptLink, type KeptLink } from './kept-link.js';
import type { ListenOptions } from './review-server.js';
import { ReviewSession, type ReviewTarget } from './review-session.js';

/** What a stopping server waits for: changes that are being saved take no longer, unless a disk hangs. */
const DRAIN_MS = 5000;
const DRAIN_POLL_MS = 10;

/** What `review` is asked to do. */
export interface ReviewJob extends ReviewTarget {
  readonly listen: ListenOptions;
  readonly apiKeys: ApiKeys;
  readonly rerun: Rerun;
  readonly fetch: Omit<FetchSettings, 'maxBytes'>;
}

/** Where the review can be opened. */
export interface ReviewLink {
  readonly link: string; // with the token
  readonly networkLink: string | undefined; // for other machines; undefined: `link` is theirs too, or nothing is
  readonly address: string;
  readonly readOnly: string | undefined; // why nothing can be saved
}

interface Controls {
  readonly stop: AbortSignal;
  readonly note: (message: string) => void; // for the terminal
  readonly onReady: (link: ReviewLink) => void;
}

/**
 * Serves the review of a run until it is told to stop. What was reported as saved is on disk by then.
 *
 * @throws PreannotateError LISTEN_FAILED, OUTPUT_LOCKED, and what {@link ReviewSession.open} throws
 */
export async function serveReview(job: ReviewJob, { stop, note, onReady }: Controls): Promise<void> {
  await using session = await ReviewSession.open(job, note);
  await using images = new ReviewImages({
    outDir: job.outDir,
    root: () => session.imageRoot,
    limits: () => {
      const { max_bytes: maxBytes, max_pixels: maxPixels } = session.run().journal.header.options;
      return { maxBytes, maxPixels };
    },
    fetch: job.fetch,
    versions: session.versions,
  });
  const kept = await readKeptLink(job.outDir);
  const access = new Access({ keys: job.apiKeys, isSecure: job.listen.tlsCert !== undefined, kept });
  const at = await withKeptPort(job.listen, kept);
  const { app, ask } = await createReviewApp({ session, images, access, listen: at, rerun: job.rerun, note });
  await using _ask = ask;
  const connections = new Connections();
  connections.watch(app.server);
  const requests = watchRequests(app);
  try {
    const address = await untilAborted(listen(app, at), stop);
    await session.announce(address);
    const { token, session: cookie } = access;
    await keepLink(job.outDir, { port: portOf(address, at), token, session: cookie });
    onReady({ ...linksOf(address, at.host, token), address, readOnly: session.readOnly });
    if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
    app.server.close();
    session.events[Symbol.dispose]();
    await requests.drain();
  } finally {
    connections.cutAll();
    await app.close();
  }
}

/** Follows the requests that are being answered; streams of events end with the server. */
function watchRequests(app: FastifyInstance): { readonly drain: () => Promise<void> } {
  let open = 0;
  app.addHook('onRequest', (request, reply, done) => {
    const isStream = request.routeOptions.url === '/api/events';
    if (!isStream) open++;
    reply.raw.once('close', () => (isStream ? undefined : open--));
    done();
  });
  return {
    drain: async () => {
      const end = performance.now() + DRAIN_MS;
      while (open > 0 && performance.now() < end) await sleep(DRAIN_POLL_MS);
    },
  };
}

/** The port of the review before, if it is free and no other one was chosen: open pages find the server again. */
async function withKeptPort(settings: ListenOptions, kept: KeptLink | undefined): Promise<ListenOptions> {
  if (settings.port !== 0 || kept === undefined || !(await isFreePort(settings.host, kept.port))) return settings;
  return { ...settings, port: kept.port };
}

function portOf(address: string, { tlsCert }: ListenOptions): number {
  return Number(new URL(address).port) || (tlsCert === undefined ? 80 : 443);
}

/** A server at every address: its own machine uses the loopback one, others the name of the machine. */
function linksOf(address: string, host: string, token: string): Pick<ReviewLink, 'link' | 'networkLink'> {
  const url = new URL(address);
  url.searchParams.set('token', token);
  const link = url.href;
  if (!isEveryInterface(host)) return { link, networkLink: undefined };
  url.hostname = hostname();
  return { link, networkLink: url.href };
}
