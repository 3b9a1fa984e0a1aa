import { PreannotateError } from '../../core/errors.js';
import type { ImageOutcome } from '../../core/image.js';
import { excerpt, printable } from '../../core/text.js';
import { parseAddress } from '../../images/remote/address.js';
import { parseAllowedUrl, requireValidHosts, type UrlPolicy } from '../../net/url-policy.js';

/** The hosts and buckets that a worker may fetch images from. Anyone who can write to the Redis can ask for any. */
export class AllowedAddresses {
  readonly given: readonly string[];
  readonly hosts: readonly string[]; // those of `given` that are no buckets
  readonly #buckets: ReadonlySet<string>;
  readonly #policy: UrlPolicy;

  /**
   * @param given - As in {@link UrlPolicy}, and `s3://bucket`.
   * @throws PreannotateError CONFIG_INVALID
   */
  constructor(given: readonly string[], { allowPrivate }: { readonly allowPrivate: boolean }) {
    const isBucket = (entry: string) => /^s3:/i.test(entry);
    this.given = given;
    this.hosts = given.filter((entry) => !isBucket(entry));
    this.#buckets = new Set(given.filter(isBucket).map(parseBucket));
    requireValidHosts(this.hosts);
    this.#policy = {
      enabled: this.hosts.length > 0, // none would be all
      allowHosts: this.hosts,
      ...{ allowPrivate, maxBytes: 0, timeoutMs: 0, maxRedirects: 0 },
    };
  }

  /** @param url - An address, or its beginning: the host, or the bucket. */
  allows(url: string): boolean {
    const address = parseAddress(url);
    if (address.kind === 'invalid') return false;
    if (address.kind === 's3') return this.#buckets.has(address.bucket);
    try {
      parseAllowedUrl(address.url.href, this.#policy);
      return true;
    } catch {
      return false;
    }
  }
}

function parseBucket(entry: string): string {
  const address = parseAddress(entry);
  if (address.kind === 's3' && address.key === '') return address.bucket;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `--allow-host ${excerpt(entry)} is not a bucket.`,
    hint: 'Write s3://bucket, without a key.',
  });
}

/** Why a remote image is not fetched, as its outcome; undefined where it may be. */
export function refuseAddress(
  { name, url }: { readonly name: string; readonly url: string },
  allowed: AllowedAddresses | undefined,
): ImageOutcome | undefined {
  if (allowed?.allows(url) === true) return undefined;
  const message = `${printable(name)}: lies outside the hosts and buckets that this worker may fetch from.`;
  const hint = 'Start the workers with an --allow-host for it, or leave it out with --exclude.';
  return { ok: false, name, failure: { code: 'URL_REFUSED', message, hint } };
}
