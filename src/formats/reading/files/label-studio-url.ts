import { toImageName } from './image-name.js';

/** What Label Studio puts before the names of files that were uploaded: 8 digits of a UUID. */
const UPLOAD_HASH = /^[0-9a-f]{8}-(?=.)/;
const UPLOADS = /(?:^|\/)(?:data\/)?upload\/\d+\/([^/]+)$/;
const LOCAL_FILES = /(?:^|\/)data\/local-files\/?$/;

const TASK_ADDRESS = /^(?:https?:\/\/[^/]+)?\/data\/(?:local-files|upload)\//;

/** The name of an image, and what was done to get it. */
export interface NamedUrl {
  readonly name: string;
  readonly isUpload: boolean; // without the digits that Label Studio put before it
}

/**
 * The name of an image by the address in its task: of a local file, its path below the document root; of an upload, its
 * name before it was uploaded; else host and path, or bucket and key.
 *
 * @returns undefined for an address without a name, such as a data URI.
 */
export function nameOfUrl(address: string): NamedUrl | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? parse(address) : undefined;
  if (url === undefined && /^data:/i.test(address)) return undefined;
  const [path = '', query = ''] = url === undefined ? address.split(/\?(.*)/s) : [url.pathname, url.search.slice(1)];
  if (LOCAL_FILES.test(path)) {
    const file = new URLSearchParams(query).get('d') ?? '';
    return file === '' ? undefined : { name: toImageName(file), isUpload: false };
  }
  const upload = UPLOADS.exec(path)?.[1];
  if (upload !== undefined) {
    const name = decode(upload);
    return { name: name.replace(UPLOAD_HASH, ''), isUpload: UPLOAD_HASH.test(name) };
  }
  if (url === undefined) return { name: toImageName(address), isUpload: false };
  const name = `${url.host}${decode(path)}`;
  return path === '/' || path === '' ? undefined : { name: toImageName(name), isUpload: false };
}

/**
 * The name of an image in a COCO, VOC or YOLO export of Label Studio without images: the address in the task stands for
 * it, or its last part, `?d=a.jpg`.
 *
 * @returns What is stated, where it is another name.
 */
export function nameOfExported(stated: string): string {
  if (stated.startsWith('?d=')) return toImageName(decode(stated.slice('?d='.length)));
  return TASK_ADDRESS.test(stated) ? (nameOfUrl(stated)?.name ?? stated) : stated;
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** As it is where it is not percent-encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
