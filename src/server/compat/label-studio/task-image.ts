import { decodeBase64, fetchInto, type IncomingImage } from '../../request/incoming-image.js';
import { invalidFieldError, pointerOf } from '../../http/request-error.js';
import type { TrustedHost } from '../../request/fetch/url-policy.js';

/** The fields that are used of a task. */
export interface Task {
  readonly id: string; // its place in the request where it has none
  readonly data: Readonly<Record<string, unknown>>;
}

/** The Label Studio of --label-studio-url. */
export interface LabelStudioHost extends TrustedHost {
  readonly base: string; // without a slash at the end
}

/** Paths at which Label Studio serves files of tasks; nothing else is fetched from it for untrusted clients. */
const FILES = /^\/(data|storage-data|tasks)\//;
const CLOUD = /^(s3|gs|azure-blob):\/\//;

/**
 * The image of a task: a data: URL, an http(s) URL, or a path at the Label Studio of --label-studio-url.
 *
 * @param index - Place of the task in the request.
 */
export function readTaskImage(
  { id, data }: Task,
  { index, dataKey, host }: { index: number; dataKey: string; host: LabelStudioHost | undefined },
): IncomingImage {
  const pointer = pointerOf(['tasks', index, 'data', dataKey]);
  const source = Object.hasOwn(data, dataKey) ? data[dataKey] : undefined;
  const isInRequest = typeof source !== 'string' || source.startsWith('data:');
  return {
    name: `task ${index}`,
    id,
    isFetched: !isInRequest,
    load: async (policy, request) => {
      if (typeof source !== 'string') throw invalidFieldError(pointer, 'There is no address of an image.');
      if (isInRequest) return decodeBase64(source, pointer);
      const url = /^https?:/i.test(source) ? source : resolveAtHost(toLabelStudioPath(source, id), host, pointer);
      return fetchInto(url, host !== undefined && isFileAt(host, url) ? { ...policy, trusted: host } : policy, request);
    },
  };
}

/** The path at which Label Studio serves a file; for a file in cloud storage, the path that redirects to it. */
function toLabelStudioPath(source: string, id: string): string {
  if (CLOUD.test(source)) {
    return `/tasks/${encodeURIComponent(id)}/presign/?fileuri=${Buffer.from(source).toString('base64url')}`;
  }
  return /^\/?upload\//.test(source) ? `/data/${source.replace(/^\//, '')}` : source;
}

function resolveAtHost(path: string, host: LabelStudioHost | undefined, pointer: string): string {
  if (!FILES.test(path))
    throw invalidFieldError(pointer, 'It is neither an http(s) or data: URL nor a file of Label Studio.');
  if (host === undefined) {
    const detail = 'It is a file of Label Studio, whose address this server does not know: set LABEL_STUDIO_URL.';
    throw invalidFieldError(pointer, detail, 'URL_REFUSED');
  }
  return `${host.base}${path}`;
}

/** Compares parsed URLs, not texts: the path may hold `..`, also in an encoding that only Label Studio resolves. */
function isFileAt({ base }: LabelStudioHost, url: string): boolean {
  const href = URL.canParse(url) ? new URL(url).href : '';
  const path = href.slice(base.length);
  return href.startsWith(base) && FILES.test(path) && !/%2f|%5c/i.test(path.split('?')[0]!);
}

/**
 * @param url - Of LABEL_STUDIO_URL: the root of Label Studio, http or https.
 * @param token - From the account page of Label Studio: a legacy token, or a personal access token (a JWT).
 */
export function parseLabelStudioHost(url: string, token: string | undefined): LabelStudioHost {
  const { origin, pathname } = new URL(url);
  const scheme = token?.split('.').length === 3 ? 'Bearer' : 'Token';
  return {
    origin,
    base: origin + pathname.replace(/\/+$/, ''),
    ...(token === undefined ? {} : { authorization: `${scheme} ${token}` }),
  };
}
