import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { authorise, type ApiKeys } from '../http/auth.js';
import { RequestError } from '../http/request-error.js';
import type { KeptLink } from './kept-link.js';

/** Who may use the server: those with the token of the printed link, which becomes a cookie, or with an API key. */
export class Access {
  readonly token: string;
  readonly session: string; // of the cookie
  readonly #keys: ApiKeys;
  readonly #isSecure: boolean;

  /**
   * @param keys - None where only this machine can reach the server.
   * @param kept - Secrets of the review before; left out: new ones.
   */
  constructor({
    keys,
    isSecure,
    kept,
  }: {
    readonly keys: ApiKeys;
    readonly isSecure: boolean;
    readonly kept?: Pick<KeptLink, 'token' | 'session'> | undefined;
  }) {
    this.token = kept?.token ?? randomBytes(32).toString('base64url');
    this.session = kept?.session ?? randomBytes(32).toString('base64url');
    this.#keys = keys;
    this.#isSecure = isSecure;
  }

  /** Whether browsers may ask for an API key, as the password of any user. */
  get hasKeys(): boolean {
    return this.#keys.length > 0;
  }

  isToken(text: unknown): boolean {
    return typeof text === 'string' && isSame(text, this.token);
  }

  /** The value of Set-Cookie. No script reads it, and pages of other sites never send it. */
  cookieFor(request: FastifyRequest): string {
    const secure = this.#isSecure ? '; Secure' : '';
    return `${cookieName(request)}=${this.session}; Path=/; HttpOnly; SameSite=Strict${secure}`;
  }

  /** @throws RequestError UNAUTHORIZED */
  requireAllowed(request: FastifyRequest): void {
    const cookies = cookiesOf(request, cookieName(request));
    if (cookies.some((value) => isSame(value, this.session))) return;
    if (this.hasKeys) authorise(request.headers, this.#keys);
    else
      throw new RequestError('UNAUTHORIZED', 'Open the link that `preannotate review` printed last, in this browser.');
  }
}

/** Cookies are those of a host, whatever its port: several reviews on one machine have a name each. */
function cookieName({ socket }: FastifyRequest): string {
  return `preannotate_review_${socket.localPort ?? 0}`;
}

function cookiesOf({ headers: { cookie = '' } }: FastifyRequest, name: string): string[] {
  const pairs = cookie.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

/** Takes as long for any text. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/** A hook that refuses what pages of other origins ask for, also those of other ports of this machine. */
export function checkOrigin(request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  const isOwn = origin === undefined || hostOf(origin) === host?.toLowerCase();
  const isPageOfOthers = typeof site === 'string' && !['same-origin', 'none'].includes(site);
  // A link in a chat or a document opens the page itself.
  const isLink = request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate';
  done(
    isOwn && (!isPageOfOthers || isLink)
      ? undefined
      : new RequestError('ORIGIN_REFUSED', 'Requests of other web pages are refused.'),
  );
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // such as `null`, which sandboxed pages send
  }
}
