import { PreannotateError } from '../../core/errors.js';
import { counted, printable } from '../../core/text.js';
import { NameFilter } from '../globs/name-filter.js';
import type { Discovery, DiscoverOptions, RemoteInput } from '../listing/discover.js';
import { LeftOutFiles } from '../listing/left-out.js';
import { isAddress, parseAddress, withoutQuery } from './address.js';
import { FoundImages } from './found-images.js';
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
export async function discoverRemote(inputs: readonly string[], options: DiscoverOptions): Promise<Discovery> {
  const found = new FoundImages();
  const leftOut = new LeftOutFiles();
  const remote: RemoteInput[] = [];
  for (const input of inputs) remote.push(await addInput(input, found));
  const filter = await NameFilter.create(options, PLACE);
  const selected = filter.select(found.names);
  const { images, failures } = found.select(selected);
  const unused = filter.describe(found.names);
  if (images.length === 0 && failures.length === 0) throw noImagesError(inputs, found.names.length, unused);
  return {
    root: undefined,
    inputs: [],
    remote,
    isComplete: true,
    images,
    failures,
    skipped: leftOut.total,
    leftOut: leftOut.groups,
    notes: [...describeRepeated(found.repeated), ...unused, ...leftOut.describe()],
  };
}

async function addInput(input: string, found: FoundImages): Promise<RemoteInput> {
  if (isList(input)) {
    for await (const listed of readList(input)) found.add(listed);
    return { kind: 'list' };
  }
  const address = parseAddress(input);
  if (address.kind === 'invalid') throw invalidInputError(address.problem);
  if (address.kind === 's3') throw new Error('s3 is not there yet');
  found.add({ address, url: input, where: withoutQuery(address) });
  return { kind: 'address' };
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

function noImagesError(inputs: readonly string[], listed: number, unused: readonly string[]): PreannotateError {
  const shown = inputs.filter(isList).map(printable).join(' ') || 'The addresses';
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message:
      listed === 0
        ? `${shown}: no images found.`
        : `--include and --exclude leave none of ${counted(listed, 'image')}.`,
    hint: unused.join(' ') || 'A list has one address a line.',
  });
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
