import { decodeDataUrl, isDataUrl } from '../../request/content/base64.js';
import { fetchInto, type IncomingImage } from '../../request/incoming-image.js';
import { invalidFieldError, pointerOf } from '../../../http/request-error.js';
import type { LabelStudioFiles, LabelStudioHost } from './label-studio-host.js';

/** A task, as untrusted clients send it. */
export interface Task {
  readonly id: string; // its place in the request where it has none
  readonly data: unknown;
}

/** Where the image of a task is. */
interface TaskPlace {
  readonly index: number; // of the task in the request
  readonly dataKey: string;
  readonly files: LabelStudioFiles | undefined; // of --label-studio-url
}

/** Paths at which Label Studio serves files of tasks; nothing else is fetched from it for untrusted clients. */
const FILES = /^\/(data|storage-data|tasks)\//;
const CLOUD = /^(s3|gs|azure-blob):\/\//;

const MAX_ID_CHARACTERS = 200;

/** Reads one of a request's tasks; what is wrong with it becomes an error of its image. */
export function readTask(task: unknown, index: number): Task {
  const { id, data } = (typeof task === 'object' && task !== null ? task : {}) as { id?: unknown; data?: unknown };
  const isId = typeof id === 'number' || typeof id === 'string';
  return { id: isId ? String(id).slice(0, MAX_ID_CHARACTERS) : `#${index}`, data };
}

/** The image of a task: a data: URL, an http(s) URL, or a path at the Label Studio of --label-studio-url. */
export function readTaskImage({ id, data }: Task, { index, dataKey, files }: TaskPlace): IncomingImage {
  const pointer = pointerOf(['tasks', index, 'data', dataKey]);
  const source = readKey(data, dataKey);
  const isInRequest = typeof source !== 'string' || isDataUrl(source);
  return {
    name: `task ${index}`,
    id,
    isFetched: !isInRequest,
    load: async (policy, request) => {
      if (typeof source !== 'string') throw invalidFieldError(pointer, 'There is no address of an image.');
      if (isInRequest) return decodeDataUrl(source, pointer);
      const isUrl = /^https?:/i.test(source);
      const url = isUrl ? source : resolveAtHost(toLabelStudioPath(source, id), files?.host, pointer);
      const isFile = files !== undefined && isFileAt(files.host, url);
      return isFile ? files.fetch(url, policy, request) : fetchInto(url, policy, request);
    },
  };
}

function readKey(data: unknown, key: string): unknown {
  return typeof data === 'object' && data !== null && Object.hasOwn(data, key)
    ? (data as Record<string, unknown>)[key]
    : undefined;
}

/** The path at which Label Studio serves a file; for a file in cloud storage, the path that redirects to it. */
function toLabelStudioPath(source: string, id: string): string {
  if (CLOUD.test(source)) {
    return `/tasks/${encodeURIComponent(id)}/presign/?fileuri=${Buffer.from(source).toString('base64url')}`;
  }
  return /^\/?upload\//.test(source) ? `/data/${source.replace(/^\//, '')}` : source;
}

/** A Label Studio below a path writes its paths into tasks with that path, or, in older tasks, without it. */
function resolveAtHost(path: string, host: LabelStudioHost | undefined, pointer: string): string {
  const below = host !== undefined && path.startsWith(`${host.path}/`) ? path.slice(host.path.length) : path;
  const file = [below, path].find((each) => FILES.test(each));
  if (host !== undefined && file !== undefined) return `${host.origin}${host.path}${file}`;
  if (file === undefined && !isBelowSomePath(path)) {
    throw invalidFieldError(pointer, 'It is neither an http(s) or data: URL nor a file of Label Studio.');
  }
  const detail =
    host === undefined
      ? 'It is a file of Label Studio, whose address this server does not know: set LABEL_STUDIO_URL.'
      : `It is a file of a Label Studio at another path than that of LABEL_STUDIO_URL, "${host.path}/".`;
  throw invalidFieldError(pointer, detail, 'URL_REFUSED');
}

/** Such as /ls/data/upload/1/a.jpg. */
function isBelowSomePath(path: string): boolean {
  return /^(\/[\w.~-]+)+\/(data\/upload|data\/local-files|storage-data|tasks)\//.test(path);
}

/** Compares parsed URLs, not texts: the path may hold `..`, also in an encoding that only Label Studio resolves. */
function isFileAt({ origin, path }: LabelStudioHost, url: string): boolean {
  const base = `${origin}${path}`;
  const href = URL.canParse(url) ? new URL(url).href : '';
  return href.startsWith(base) && FILES.test(href.slice(base.length)) && !/%2f|%5c/i.test(href.split('?')[0]!);
}
