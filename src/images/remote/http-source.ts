import { HttpClient } from '../../net/http-client.js';
import { textOf } from '../../net/send-get.js';
import { parseAllowedUrl, type UrlPolicy } from '../../net/url-policy.js';
import type { HttpAddress } from './address.js';
import type { FetchSettings } from './fetch-settings.js';
import { toModifiedMs, type OpenedImage } from './image-source.js';

const MAX_REDIRECTS = 5;

/** Images of web servers. No proxy is used, whatever the environment says. */
export class HttpSource implements AsyncDisposable {
  readonly #policy: UrlPolicy;
  readonly #client: HttpClient;

  constructor({ allowPrivate, allowHosts = [], dnsServers, maxBytes, timeoutMs, perHost }: FetchSettings) {
    this.#policy = {
      enabled: true,
      anyPort: allowHosts.length === 0, // a host has its ports named too
      ...{ allowPrivate, allowHosts, maxBytes, timeoutMs, maxRedirects: MAX_REDIRECTS },
      ...(dnsServers === undefined ? {} : { dnsServers }),
    };
    this.#client = new HttpClient(this.#policy, perHost);
  }

  /** @throws PreannotateError; errors of undici and of sockets; the signal's reason */
  async open({ url, authorization }: HttpAddress, signal: AbortSignal): Promise<OpenedImage> {
    const { headers, body } = await this.#client.get(parseAllowedUrl(url.href, this.#policy), {
      authorization,
      signal,
    });
    const length = textOf(headers['content-length']);
    const etag = textOf(headers['etag']);
    return {
      body,
      length: length === '' ? undefined : Number(length),
      etag: etag === '' ? undefined : etag,
      modifiedMs: toModifiedMs(textOf(headers['last-modified'])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
