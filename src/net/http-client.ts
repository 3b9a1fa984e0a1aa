import { Agent, type Dispatcher } from 'undici';
import { createResolvingConnector } from './connector.js';
import { HEADERS, locationOf, MAX_HEADER_BYTES } from './send-get.js';
import { fetchFailedError } from './url-errors.js';
import { resolveAllowedRedirect, type UrlPolicy } from './url-policy.js';

const CONNECT_MS = 10_000;
const DUMPED_BYTES = 16_384; // of an answer that is not used, so that its connection can be

/** What is asked for. */
interface GetRequest {
  readonly authorization?: string | undefined; // header; only for the server of the URL, not after redirects to others
  readonly signal: AbortSignal; // for the head of the answer and for its body
}

/** Fetches over connections that are kept for further requests to the same server. The caller disposes of it. */
export class HttpClient implements AsyncDisposable {
  readonly #policy: UrlPolicy;
  readonly #agent: Agent;

  /** @param connections - To one server at once. */
  constructor(policy: UrlPolicy, connections: number) {
    this.#policy = policy;
    this.#agent = new Agent({
      connections,
      connect: createResolvingConnector(policy, Math.min(CONNECT_MS, policy.timeoutMs)),
      headersTimeout: policy.timeoutMs,
      bodyTimeout: policy.timeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  /**
   * Sends a GET and follows redirects, each of which is checked as the first URL was.
   *
   * @param url - Checked already.
   * @returns The answer with status 200, whose body the caller reads or destroys.
   * @throws PreannotateError as `fetchImage` does; errors of undici and of sockets; the signal's reason
   */
  async get(url: URL, { authorization, signal }: GetRequest): Promise<Dispatcher.ResponseData> {
    let at = url;
    for (let redirects = 0; redirects <= this.#policy.maxRedirects; redirects++) {
      const headers = authorization !== undefined && at.origin === url.origin ? { ...HEADERS, authorization } : HEADERS;
      const path = at.pathname + at.search;
      const response = await this.#agent.request({ origin: at.origin, path, method: 'GET', headers, signal });
      response.body.on('error', () => {}); // of a body that is left unread
      const location = this.#inspect(response, at);
      if (location === undefined) return response;
      at = resolveAllowedRedirect(location, at, this.#policy);
    }
    throw fetchFailedError(`it was redirected more than ${this.#policy.maxRedirects} times`);
  }

  #inspect(response: Dispatcher.ResponseData, url: URL): string | undefined {
    try {
      const location = locationOf(response, url, this.#policy);
      if (location !== undefined) dump(response);
      return location;
    } catch (error) {
      dump(response);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

function dump({ body }: Dispatcher.ResponseData): void {
  body.dump({ limit: DUMPED_BYTES }).catch(() => {});
}
