import { join, resolve } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { homeFolder } from '../disk/machine/home-folder.js';
import { readWholeFile } from '../disk/readable-file.js';

const MAX_TOKEN_BYTES = 4096;
const DEFAULT_TIMEOUT_SECONDS = 10; // as in huggingface_hub

type Variables = Readonly<Record<string, string | undefined>>;

/** Settings of the hub and its cache, from the environment variables of Python's huggingface_hub. */
export interface HubEnvironment {
  readonly cache: string; // absolute path; contains the folders models--org--name
  readonly endpoint: string; // without a trailing slash
  readonly offline: string | undefined; // name of the variable that disables the network
  readonly links: boolean; // true: snapshots hold symbolic links; false: copies
  readonly etagTimeoutMs: number; // limit for a metadata request
  readonly downloadTimeoutMs: number; // limit between two received pieces of a file
  readonly token: () => Promise<string | undefined>;
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string };
}

/**
 * Reads HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and so on.
 *
 * @throws PreannotateError CONFIG_INVALID when HF_ENDPOINT is not a URL.
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function readHubEnvironment(variables: Variables): HubEnvironment {
  const valueOf = (...names: string[]) => names.map((name) => variables[name]?.trim()).find((value) => value);
  const home = resolveFolder(valueOf('HF_HOME') ?? join(valueOf('XDG_CACHE_HOME') ?? '~/.cache', 'huggingface'));
  const http = valueOf('http_proxy', 'HTTP_PROXY');
  const https = valueOf('https_proxy', 'HTTPS_PROXY');
  const none = valueOf('no_proxy', 'NO_PROXY');
  return {
    cache: resolveFolder(valueOf('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    endpoint: parseEndpoint(valueOf('HF_ENDPOINT') ?? 'https://huggingface.co'),
    offline: ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) => isTrue(valueOf(name))),
    links: !isTrue(valueOf('HF_HUB_DISABLE_SYMLINKS')),
    etagTimeoutMs: parseSeconds(valueOf('HF_HUB_ETAG_TIMEOUT')),
    downloadTimeoutMs: parseSeconds(valueOf('HF_HUB_DOWNLOAD_TIMEOUT')),
    token: async () =>
      valueOf('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN') ??
      (await readToken(resolveFolder(valueOf('HF_TOKEN_PATH') ?? join(home, 'token')))),
    proxies: { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(none ? { none } : {}) },
  };
}

function resolveFolder(path: string): string {
  return resolve(path.replace(/^~(?=$|[/\\])/, () => homeFolder()));
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    throw new PreannotateError({
      code: 'CONFIG_INVALID',
      message: 'HF_ENDPOINT contains a user name or password.',
      hint: 'Set HF_ENDPOINT to the address alone, and HF_TOKEN to a token.',
    });
  }
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.href.replace(/\/+$/, '');
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `HF_ENDPOINT is "${text}", which is not an http or https URL.`,
    hint: 'Unset it, or set it to an address such as https://huggingface.co.',
  });
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}

function parseSeconds(seconds: string | undefined): number {
  const value = Number(seconds ?? DEFAULT_TIMEOUT_SECONDS);
  return 1000 * (value > 0 && Number.isFinite(value) ? value : DEFAULT_TIMEOUT_SECONDS);
}

/** Reads the token that `hf auth login` stores. */
async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readWholeFile(path, MAX_TOKEN_BYTES)).toString().trim() || undefined;
  } catch {
    return undefined; // no file: the user is not logged in
  }
}
