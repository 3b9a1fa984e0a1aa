import { z } from 'zod';
import type { HubEnvironment } from './environment.js';
import { toHubError, refusalError, webPageError, type RequestSubject } from './hub-errors.js';
import { Http, TransientError, type HubResponse } from './http.js';
import { isCommit, type HubReference } from './reference.js';
import { isDigest } from './verify.js';

const MAX_LISTING_BYTES = 10_000_000; // model repositories have tens of files

const Listing = z.object({
  sha: z.string().refine(isCommit),
  siblings: z.array(z.object({ rfilename: z.string() })),
});

/** A commit of a repository and the names of its files. */
export interface Revision {
  readonly commit: string;
  readonly names: readonly string[];
}

/** A file on the hub: its name, hash and size. */
export interface RemoteFile {
  readonly name: string;
  readonly digest: string; // SHA-256, or the git SHA-1 of small files; also its name in the cache
  readonly sizeBytes: number;
}

/** Requests to the hub about one model. The caller disposes of it. */
export class HubClient implements AsyncDisposable {
  readonly http: Http;
  readonly #environment: HubEnvironment;
  readonly #reference: HubReference;
  readonly #hasToken: boolean;

  private constructor(environment: HubEnvironment, reference: HubReference, rest: { http: Http; hasToken: boolean }) {
    this.http = rest.http;
    this.#environment = environment;
    this.#reference = reference;
    this.#hasToken = rest.hasToken;
  }

  static async open(environment: HubEnvironment, reference: HubReference, signal?: AbortSignal): Promise<HubClient> {
    const hasToken = (await environment.token()) !== undefined;
    return new HubClient(environment, reference, { http: new Http(environment, signal), hasToken });
  }

  /** Resolves the revision to its commit and lists the files. */
  async fetchRevision(): Promise<Revision> {
    const { repo, revision } = this.#reference;
    const url = `${this.#environment.endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}`;
    return this.request(undefined, async (subject) => {
      const response = await this.http.send(url, { totalMs: this.#environment.etagTimeoutMs });
      if (response.status !== 200) throw await discardBody(response, refusalError(response, subject));
      const parsed = Listing.safeParse(await readJson(response));
      if (!parsed.success) throw webPageError(response, subject);
      return { commit: parsed.data.sha, names: parsed.data.siblings.map(({ rfilename }) => rfilename) };
    });
  }

  /** Requests the size and hash of a file at a commit. */
  async describeFile(commit: string, name: string): Promise<RemoteFile> {
    return this.request(name, async (subject) => {
      const linked = { etag: '', size: '' };
      const response = await this.http.send(this.urlOf(commit, name), {
        method: 'HEAD',
        totalMs: this.#environment.etagTimeoutMs,
        isEnough: (headers) => {
          linked.etag ||= headerText(headers['x-linked-etag']);
          linked.size ||= headerText(headers['x-linked-size']);
          return linked.etag !== '' && linked.size !== '';
        },
      });
      await response.body.dump();
      if (response.status >= 400) throw refusalError(response, subject);
      const { headers } = response;
      const etag = linked.etag || headerText(headers['x-linked-etag']) || headerText(headers.etag);
      const size = linked.size || headerText(headers['x-linked-size']) || headerText(headers['content-length']);
      const digest = etag.replace(/^W\//, '').replaceAll('"', '');
      if (!isDigest(digest) || !/^\d+$/.test(size)) throw webPageError(response, subject);
      return { name, digest, sizeBytes: Number(size) };
    });
  }

  urlOf(commit: string, name: string): string {
    const path = name.split('/').map(encodeURIComponent).join('/');
    return `${this.#environment.endpoint}/${this.#reference.repo}/resolve/${commit}/${path}`;
  }

  /** Runs an action with retries; the error that it finally throws names the model. */
  async request<Result>(
    name: string | undefined,
    action: (subject: RequestSubject) => Promise<Result>,
  ): Promise<Result> {
    const subject: RequestSubject = {
      reference: this.#reference,
      endpoint: this.#environment.endpoint,
      hasToken: this.#hasToken,
      ...(name === undefined ? {} : { name }),
    };
    try {
      return await this.http.withRetries(() => action(subject));
    } catch (error) {
      throw toHubError(error, subject);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]();
  }
}

/** Returns undefined when the body is not JSON. */
async function readJson({ body }: HubResponse): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_LISTING_BYTES) throw new TransientError('the list of files is too long');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

async function discardBody(response: HubResponse, error: Error): Promise<Error> {
  await response.body.dump();
  return error;
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
