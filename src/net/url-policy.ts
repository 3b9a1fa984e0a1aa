import { PreannotateError } from '../core/errors.js';
import { excerpt } from '../core/text.js';
import { portRefusedError, urlInvalidError, urlRefusedError, type Refusal } from './url-errors.js';

/** A host that the operator has configured: images are fetched from it regardless of the rules for other hosts. */
export interface TrustedHost {
  readonly origin: string; // as `URL.origin`
  readonly path: string; // what is below belongs to it; without a slash at the end
  readonly authorization?: string; // header; sent to no other host and no other path, not even on a redirect
}

/** Which URLs may be fetched, and how. */
export interface UrlPolicy {
  /** False refuses every URL (`--no-url`). */
  readonly enabled: boolean;
  /**
   * Only these hosts (`--allow-host`); empty or absent for all. `example.org`, `*.example.org` for its subdomains, `*`
   * for any, each with `:port` for one port alone. They only narrow: private addresses stay refused.
   */
  readonly allowHosts?: readonly string[];
  /** Also hosts of private networks and of this machine (`--allow-private`), and every port. */
  readonly allowPrivate: boolean;
  /** Every port of public hosts too: the user of a command names the URLs, not a client. */
  readonly anyPort?: boolean;
  readonly maxBytes: number;
  /** Called with the number of bytes as they arrive; what it throws ends the fetch. */
  readonly onBytes?: (count: number) => void;
  /** For the whole fetch: names, redirects and the last byte. */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  /** Only for requests that may have its files. Its address may be private, as with `--allow-private`. */
  readonly trusted?: TrustedHost;
  /** Name servers to ask instead of the system's, as `ip:port`. */
  readonly dnsServers?: readonly string[];
}

/** Ports of HTTP and their usual alternatives. Other services, such as mail, could take a request for commands. */
const USUAL_PORTS = ['80', '443', '8080', '8443'] as const;

/** Signed links of object stores stay below 2000. */
export const MAX_URL_LENGTH = 8192;

/**
 * Parses a client's URL and checks it against the policy. Names are not looked up here.
 *
 * @returns Its host is canonical: lower case, ASCII, IPv4 as dotted decimal, no dot at the end.
 * @throws PreannotateError URL_INVALID, URL_REFUSED
 */
export function parseAllowedUrl(text: string, policy: UrlPolicy): URL {
  if (!policy.enabled && policy.trusted === undefined) throw urlRefusedError();
  if (text.length > MAX_URL_LENGTH) throw urlInvalidError(`is longer than ${MAX_URL_LENGTH} characters`);
  if (!URL.canParse(text)) throw urlInvalidError('is not a URL');
  return requireAllowed(new URL(text), policy, { form: 'form', host: 'host' });
}

/**
 * The target of a redirect, if the policy allows it; never from https to http.
 *
 * @throws PreannotateError URL_REFUSED, also for a text that is not a URL
 */
export function resolveAllowedRedirect(location: string, from: URL, policy: UrlPolicy): URL {
  if (location.length > MAX_URL_LENGTH || !URL.canParse(location, from.href)) throw urlRefusedError('redirect');
  const url = new URL(location, from);
  if (from.protocol === 'https:' && url.protocol !== 'https:') throw urlRefusedError('redirect');
  return requireAllowed(url, policy, { form: 'redirect', host: 'redirect host' });
}

function requireAllowed(url: URL, policy: UrlPolicy, refusal: { form: Refusal; host: Refusal }): URL {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw urlRefusedError(refusal.form);
  if (url.username !== '' || url.password !== '') throw urlRefusedError(refusal.form);
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  if (url.origin === policy.trusted?.origin) return url;
  if (!policy.enabled) throw urlRefusedError(refusal.host);
  const rules = policy.allowHosts?.length ? policy.allowHosts.map(parseHostRule) : [ANY_HOST];
  const ofHost = rules.filter((rule) => matchesHost(rule, url));
  if (ofHost.length === 0) throw urlRefusedError(refusal.host);
  if (!ofHost.some((rule) => matchesPort(rule, url, policy))) throw portRefusedError(portOf(url));
  return url;
}

interface HostRule {
  /** A host; `.example.org` for all below it; the empty text for any. */
  readonly host: string;
  /** As text; undefined for the usual ones, or for any where private networks are open. */
  readonly port: string | undefined;
}

const ANY_HOST: HostRule = { host: '', port: undefined };

function matchesHost({ host }: HostRule, { hostname }: URL): boolean {
  return host === '' || (host.startsWith('.') ? hostname.endsWith(host) : hostname === host);
}

function matchesPort({ port }: HostRule, url: URL, { allowPrivate, anyPort = false }: UrlPolicy): boolean {
  const asked = portOf(url);
  return port === undefined ? allowPrivate || anyPort || USUAL_PORTS.some((usual) => usual === asked) : port === asked;
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

/**
 * Checks entries of `--allow-host`, for the start of the server rather than its first request.
 *
 * @throws PreannotateError CONFIG_INVALID
 */
export function requireValidHosts(entries: readonly string[]): void {
  for (const entry of entries) parseHostRule(entry);
}

function parseHostRule(entry: string): HostRule {
  const [, wildcard = '', name = '', digits] = /^(\*\.?)?(.*?)(?::(\d{1,5}))?$/s.exec(entry) ?? [];
  const port = digits === undefined ? undefined : String(Number(digits));
  if (wildcard === '*' && name === '') return { host: '', port };
  const host = canonicaliseHost(name);
  if (host === undefined || wildcard === '*' || Number(port ?? 1) > 65535) throw invalidHostError(entry);
  return { host: wildcard === '' ? host : `.${host}`, port };
}

/** A host as `URL.hostname` spells it; undefined for a text that is not just a host. */
function canonicaliseHost(name: string): string | undefined {
  if (!/^(\[[\da-f:.]+\]|[^\s/\\:@?#[\]*]+)$/i.test(name) || !URL.canParse(`http://${name}`)) return undefined;
  const { hostname } = new URL(`http://${name}`);
  return hostname.replace(/\.$/, '');
}

function invalidHostError(entry: string): PreannotateError {
  return new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `--allow-host ${excerpt(entry)} is not a host.`,
    hint:
      'Give a host or address, with its port unless that is a usual one: example.org, *.example.org, 10.0.0.7:9000, ' +
      '[fd00::7].',
  });
}
