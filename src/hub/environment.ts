import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { PreannotateError } from '../core/errors.js';

const DEFAULT_TIMEOUT_SECONDS = 10; // as in huggingface_hub

type Variables = Readonly<Record<string, string | undefined>>;

/** Settings of the hub and its cache, from the environment variables of Python's huggingface_hub. */
export interface HubEnvironment {
  readonly cache: string; // absolute; holds models--org--name
  readonly endpoint: string; // without a slash at its end
  readonly offline: string | undefined; // the variable that says so
  readonly links: boolean; // snapshots hold links, else copies
  readonly etagTimeoutMs: number; // of a question about a file
  readonly downloadTimeoutMs: number; // between two pieces of a file
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
  return resolve(path.replace(/^~(?=$|[/\\])/, () => homedir()));
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    throw new PreannotateError({
      code: 'CONFIG_INVALID',
      message: 'HF_ENDPOINT holds a user name or password.',
      hint: 'Give the address alone, and a token in HF_TOKEN.',
    });
  }
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.href.replace(/\/+$/, '');
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `HF_ENDPOINT is "${text}", which is not the address of a hub.`,
    hint: 'Unset it, or give an address such as https://huggingface.co.',
  });
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}

function parseSeconds(seconds: string | undefined): number {
  const value = Number(seconds ?? DEFAULT_TIMEOUT_SECONDS);
  return 1000 * (value > 0 && Number.isFinite(value) ? value : DEFAULT_TIMEOUT_SECONDS);
}

/** The token that `hf auth login` keeps. */
async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch {
    return undefined; // not logged in, which is no failure
  }
}
