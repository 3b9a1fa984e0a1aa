import { PreannotateError } from '../../core/errors.js';
import { counted, endingOf, printable } from '../../core/text.js';
import { NameFilter } from '../globs/name-filter.js';
import type { Discovery, DiscoverOptions, RemoteInput } from '../listing/discover.js';
import { IMAGE_EXTENSIONS } from '../listing/endings.js';
import { EVERY_FILE } from '../listing/find-images.js';
import { LeftOutFiles } from '../listing/left-out.js';
import { isAddress, parseAddress, withoutQuery, type S3Address } from './address.js';
import type { FetchSettings } from './fetch-settings.js';
import { FoundImages } from './found-images.js';
import { nameOfPrefix } from './remote-name.js';
import { listObjects, type ListSettings } from './s3/list-objects.js';
import { isList, readList } from './url-list.js';

/** No path is below it, so that patterns are compared with names alone. */
const PLACE = {
  root: '/dev/null',
  cwd: '/dev/null',
  separator: '/',
  label: 'names, which begin with the host or bucket',
};

/**
 * Whether the inputs of a run are addresses or lists of them.
 *
 * @throws PreannotateError USAGE where some are, and others are files or folders
 */
export function areRemote(inputs: readonly string[]): boolean {
  const remote = inputs.filter((input) => isAddress(input) || isList(input));
  if (remote.length === 0) return false;
  const local = inputs.find((input) => !remote.includes(input));
  if (local !== undefined) throw mixedError(local);
  return true;
}

/**
 * Lists remote images. Nothing of them is fetched.
 *
 * @param inputs - URLs, s3:// prefixes and `@lists` of addresses.
 * @throws PreannotateError INPUT_NOT_FOUND, URL_INVALID, STORAGE_UNAVAILABLE
 */
export async function discoverRemote(
  inputs: readonly string[],
  options: DiscoverOptions,
  { fetch, signal }: { readonly fetch: FetchSettings; readonly signal: AbortSignal },
): Promise<Discovery> {
  const found = new FoundImages();
  const leftOut = new LeftOutFiles();
  const remote: RemoteInput[] = [];
  const problems: string[] = [];
  const listing = { recursive: options.recursive, fetch, signal };
  for (const input of inputs) {
    const { problem, ...added } = await addInput(input, { found, leftOut, options, listing });
    remote.push(added);
    if (problem !== undefined) problems.push(`${shownInput(input)}: ${problem}.`);
  }
  const filter = await NameFilter.create(options, PLACE);
  const selected = filter.select(found.names);
  const { images, failures } = found.select(selected);
  const unused = filter.describe(found.names);
  if (images.length === 0 && failures.length === 0) throw noImagesError(problems, found.names.length, unused);
  return {
    root: undefined,
    inputs: [],
    remote,
    isComplete: true,
    images,
    failures,
    skipped: leftOut.total,
    leftOut: leftOut.groups,
    notes: [...problems, ...describeRepeated(found.repeated), ...unused, ...leftOut.describe()],
  };
}

/** What the images of an input are added to, and how it is listed. */
interface Gathering {
  readonly found: FoundImages;
  readonly leftOut: LeftOutFiles;
  readonly options: DiscoverOptions;
  readonly listing: ListSettings;
}

/** An input, and why it adds no image, if it adds none. */
type AddedInput = RemoteInput & { readonly problem?: string };

async function addInput(input: string, gathering: Gathering): Promise<AddedInput> {
  const { found } = gathering;
  if (isList(input)) {
    let isEmpty = true;
    for await (const listed of readList(input)) {
      found.add(listed);
      isEmpty = false;
    }
    return { kind: 'list', ...(isEmpty ? { problem: 'the list has no addresses' } : {}) };
  }
  const address = parseAddress(input);
  if (address.kind === 'invalid') throw invalidInputError(address.problem);
  if (address.kind === 's3') return await addPrefix(address, gathering);
  found.add({ address, url: input, where: withoutQuery(address) });
  return { kind: 'address' };
}

/**
 * An object is an image by the ending of its key; one that was given by name is taken whatever it is.
 *
 * @throws PreannotateError INPUT_NOT_FOUND where nothing is there, and the key is that of an image
 */
async function addPrefix(address: S3Address, { found, leftOut, options, listing }: Gathering): Promise<AddedInput> {
  const { bucket, key: prefix } = address;
  const wanted = new Set<string>(options.extensions ?? IMAGE_EXTENSIONS);
  let objects = 0;
  let images = 0;
  for await (const { key, listed, isGiven } of listObjects(address, listing)) {
    const ending = endingOf(key);
    objects++;
    if (isGiven || wanted.has(EVERY_FILE) || wanted.has(ending)) {
      images++;
      found.add({
        address: { ...address, key },
        url: `s3://${bucket}/${key}`,
        where: printable(`s3://${bucket}/${key}`),
        listed,
      });
    } else leftOut.addExpected(ending);
  }
  if (objects === 0 && wanted.has(endingOf(prefix))) throw noObjectError(address);
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const isFlat = !options.recursive;
  const problem =
    objects > 0 ? 'no images found' : `no images found: no object is${isFlat ? ' directly' : ''} below it`;
  return { kind: 'prefix', names: nameOfPrefix(bucket, folder), isFlat, ...(images === 0 ? { problem } : {}) };
}

/** Selects the names of annotated images that a listing would have had, were they still there. */
export function selectCoveredRemote(inputs: readonly RemoteInput[], names: readonly string[]): ReadonlySet<string> {
  const covers = (input: RemoteInput, name: string) => {
    if (input.kind !== 'prefix') return input.kind === 'list';
    return name.startsWith(input.names) && !(input.isFlat && name.slice(input.names.length).includes('/'));
  };
  return new Set(names.filter((name) => inputs.some((input) => covers(input, name))));
}

function describeRepeated(repeated: number): string[] {
  if (repeated === 0) return [];
  return [`${counted(repeated, 'address is', 'addresses are')} repeated, and counted once.`];
}

function noImagesError(problems: readonly string[], listed: number, unused: readonly string[]): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: listed === 0 ? problems.join(' ') : `--include and --exclude leave none of ${counted(listed, 'image')}.`,
    hint:
      unused.join(' ') ||
      'A list has one address a line. Of a bucket, objects are listed by their endings; --ext sets others.',
  });
}

function noObjectError(address: S3Address): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `There is no object ${printable(withoutQuery(address))}.`,
    hint: `Check its key: \`aws s3 ls s3://${address.bucket}/\` lists what is there.`,
  });
}

/** An input for messages: without what may be secret. */
function shownInput(input: string): string {
  const address = isList(input) ? undefined : parseAddress(input);
  return printable(address === undefined || address.kind === 'invalid' ? input : withoutQuery(address));
}

function invalidInputError(problem: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `An address that was given as input ${problem}.`,
    hint: 'Write it in quotes, such as "https://example.org/photo.jpg" or s3://bucket/folder/.',
  });
}

function mixedError(local: string): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: `${printable(local)} is a file or folder, and other inputs are addresses: one run has either.`,
    hint: 'Annotate them in two runs with different --out folders.',
  });
}
