import { FetchStatusError } from '../../../net/url-errors.js';
import type { UrlPolicy } from '../../../net/url-policy.js';
import { fetchInto, type LoadContext } from '../../request/incoming-image.js';
import type { ServeJob } from '../../request/server-state.js';
import { AccessTokens } from './access-tokens.js';
import { tokenRefusedError } from './token-errors.js';

/** The Label Studio of --label-studio-url. */
export interface LabelStudioHost {
  readonly origin: string;
  readonly path: string; // where it is below its origin, without a slash at the end
  readonly token?: string; // a legacy token
  readonly accessTokens?: AccessTokens; // for a personal access token
}

/** A personal access token is a JWT. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** @returns undefined when the server knows no Label Studio */
export function createLabelStudioHost(
  job: Pick<ServeJob, 'settings' | 'labelStudioApiKey' | 'urls'>,
): LabelStudioHost | undefined {
  const { labelStudioUrl } = job.settings;
  if (labelStudioUrl === undefined) return undefined;
  const { origin, pathname } = new URL(labelStudioUrl);
  const path = pathname.replace(/\/+$/, '');
  const token = job.labelStudioApiKey;
  if (token === undefined) return { origin, path };
  if (!JWT.test(token)) return { origin, path, token };
  const url = new URL(`${origin}${path}/api/token/refresh/`);
  return { origin, path, accessTokens: new AccessTokens({ url, refreshToken: token, policy: job.urls }) };
}

/**
 * Fetches files of Label Studio for the tasks of one request. A token that is refused is renewed once for all of them,
 * and an exchange that has failed is not tried again for each.
 */
export class LabelStudioFiles {
  readonly host: LabelStudioHost;
  #renewed: string | undefined;
  #failure: Error | undefined;

  constructor(host: LabelStudioHost) {
    this.host = host;
  }

  /** @throws PreannotateError URL_FETCH_FAILED …, QUEUE_FULL */
  async fetch(url: string, policy: UrlPolicy, request: LoadContext): Promise<Uint8Array> {
    const { token, accessTokens } = this.host;
    request.request.signal.throwIfAborted();
    const fetchAs = (authorization?: string) => this.#fetchUnlessRefused(url, authorization, { policy, request });
    let bytes: Uint8Array | undefined;
    if (accessTokens === undefined) {
      bytes = await fetchAs(token === undefined ? undefined : `Token ${token}`);
    } else {
      const access = await this.#getToken(accessTokens);
      bytes = await fetchAs(`Bearer ${access}`);
      if (bytes === undefined && access !== this.#renewed) {
        this.#renewed = await this.#getToken(accessTokens, access);
        bytes = await fetchAs(`Bearer ${this.#renewed}`);
      }
    }
    if (bytes === undefined) throw tokenRefusedError(token !== undefined || accessTokens !== undefined);
    return bytes;
  }

  async #getToken(tokens: AccessTokens, refused?: string): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await tokens.get(refused);
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  /** @returns undefined when Label Studio itself, not a server it redirects to, answers with 401 */
  async #fetchUnlessRefused(
    url: string,
    authorization: string | undefined,
    { policy, request }: { policy: UrlPolicy; request: LoadContext },
  ): Promise<Uint8Array | undefined> {
    const { origin, path } = this.host;
    const trusted = { origin, path, ...(authorization === undefined ? {} : { authorization }) };
    try {
      return await fetchInto(url, { ...policy, trusted }, request);
    } catch (error) {
      if (error instanceof FetchStatusError && error.status === 401 && error.origin === origin) return undefined;
      throw error;
    }
  }
}
