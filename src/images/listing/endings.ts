import { endingOf } from '../../core/text.js';

/** Endings of names that are taken for images in folders, without a look at their content, which decides their type. */
export const IMAGE_EXTENSIONS = [
  ...['jpg', 'jpeg', 'jpe', 'jfif', 'jif', 'jfi', 'pjpeg', 'pjp', 'mpo'], // JPEG; mpo has further pictures behind it
  ...['png', 'apng', 'webp', 'tif', 'tiff', 'gif', 'avif', 'bmp', 'dib'],
] as const;

/** Files that lie beside images and are none: labels, metadata, overviews, thumbnails. They are not looked into. */
const BY_PRODUCTS = new Set([
  ...[
    'txt',
    'json',
    'jsonl',
    'ndjson',
    'geojson',
    'xml',
    'yaml',
    'yml',
    'toml',
    'ini',
    'cfg',
    'csv',
    'tsv',
    'md',
    'log',
  ],
  ...['xmp', 'aae', 'pp3', 'dop', 'lrcat', 'jgw', 'jpgw', 'pgw', 'pngw', 'tfw', 'tifw', 'wld', 'prj', 'ovr', 'msk'],
  ...['cache', 'lock', 'lnk', 'url', 'db', 'md5', 'sha1', 'sha256', 'html', 'htm', 'css', 'js', 'py', 'ipynb', 'sh'],
]);

/** Images that are not whole, and copies that programs keep of images they changed: not looked into either. */
const COPIES = new Set(['part', 'partial', 'crdownload', 'download', 'filepart', 'tmp', 'temp', 'bak', 'orig', 'old']);
const COPY = /(?:_original|~)$/; // of exiftool and editors

/** Endings of camera raws: many are TIFF by their first bytes, with a thumbnail as the first picture. */
const CAMERA_RAW = new Set([
  ...['dng', 'nef', 'nrw', 'cr2', 'cr3', 'crw', 'arw', 'sr2', 'srf', 'orf', 'rw2', 'raf', 'pef', 'ptx', 'srw', 'rwl'],
  ...['3fr', 'fff', 'iiq', 'erf', 'mef', 'mos', 'mrw', 'kdc', 'dcr', 'k25', 'x3f', 'gpr', 'raw', 'rwz', 'bay'],
]);

/** Commands that make images of files, by ending; FILE stands for the name without it. */
const COMMANDS: readonly (readonly [endings: readonly string[], command: (ending: string) => string])[] = [
  [['heic', 'heif', 'hif', 'heics'], (ending) => `heif-convert FILE.${ending} FILE.jpg`],
  [['svg', 'svgz'], (ending) => `rsvg-convert FILE.${ending} -o FILE.png`],
  [[...CAMERA_RAW], (ending) => `darktable-cli FILE.${ending} FILE.jpg`],
  [['jxl'], () => 'djxl FILE.jxl FILE.png'],
  [['psd', 'psb', 'ico', 'cur'], (ending) => `magick FILE.${ending}[0] FILE.png`],
  [
    ['jp2', 'j2k', 'jpf', 'jpx', 'j2c', 'xcf', 'tga', 'dds', 'exr', 'hdr', 'pfm', 'pcx', 'qoi', 'eps', 'fits', 'wmf'],
    (ending) => `magick FILE.${ending} FILE.png`,
  ],
  [['ppm', 'pgm', 'pbm', 'pnm', 'pam', 'xbm', 'xpm', 'sgi', 'ras'], (ending) => `magick FILE.${ending} FILE.png`],
  [['pdf'], () => 'pdftoppm -png FILE.pdf FILE'],
  [['dcm'], () => 'dcmj2pnm +on FILE.dcm FILE.png'],
  [
    ['mp4', 'm4v', 'mov', 'avi', 'mkv', 'webm', 'mpg', 'mpeg', 'wmv', 'mts', 'm2ts', '3gp', 'ts', 'flv'],
    (ending) => `ffmpeg -i FILE.${ending} FILE-%06d.jpg`,
  ],
];
const COMMAND_OF = new Map(
  COMMANDS.flatMap(([endings, command]) => endings.map((ending) => [ending, command(ending)])),
);

export function isByProduct(ending: string): boolean {
  return BY_PRODUCTS.has(ending);
}

export function isCopy(name: string): boolean {
  return COPY.test(name) || COPIES.has(endingOf(name));
}

/** Whether programs give files such names while they write them. */
export function isTemporary(name: string): boolean {
  return isCopy(name) || /(?:^|\/)[.~][^/]*$/.test(name);
}

export function isCameraRaw(ending: string): boolean {
  return CAMERA_RAW.has(ending);
}

/** A command that makes an image of such a file, if there is one that is known well. */
export function conversionOf(ending: string): string | undefined {
  return COMMAND_OF.get(ending);
}
