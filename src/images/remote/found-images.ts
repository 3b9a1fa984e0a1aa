import type { Failure } from '../../core/errors.js';
import { PreannotateError } from '../../core/errors.js';
import type { ImageFile, ListedObject } from '../../core/image.js';
import { compareUtf8, printable } from '../../core/text.js';
import { parseAddress, type RemoteAddress } from './address.js';
import { identityOf, nameOf } from './remote-name.js';

/** A remote image that was named or listed. */
export interface FoundAddress {
  readonly address: RemoteAddress;
  readonly url: string;
  readonly where: string; // in messages: `urls.txt:7`, or the input that lists it
  readonly listed?: ListedObject;
}

/** The images of a run at remote addresses, each once. */
export class FoundImages {
  readonly #images = new Map<string, ImageFile & { readonly where: string }>();
  repeated = 0; // addresses that were there already

  /**
   * @returns The name of the image.
   * @throws PreannotateError URL_INVALID for an address whose name another one has already
   */
  add({ address, url, where, listed }: FoundAddress): string {
    const name = nameOf(address);
    const before = this.#images.get(name);
    if (before === undefined) this.#images.set(name, { name, url, where, ...(listed === undefined ? {} : { listed }) });
    else if (isSame(before.url!, address)) this.repeated++;
    else throw sameNameError(name, before.where, where);
    return name;
  }

  get names(): string[] {
    return [...this.#images.keys()];
  }

  /**
   * Those among `selected`, by name. A name that is also the folder of another one cannot be in a view with images.
   */
  select(selected: ReadonlySet<string>): { images: ImageFile[]; failures: { name: string; failure: Failure }[] } {
    const folders = new Set<string>();
    for (const name of selected) {
      for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
        const folder = name.slice(0, end);
        if (folders.has(folder)) break;
        folders.add(folder);
      }
    }
    const images: ImageFile[] = [];
    const failures: { name: string; failure: Failure }[] = [];
    for (const { where: _, ...image } of this.#images.values()) {
      if (!selected.has(image.name)) continue;
      if (folders.has(image.name)) failures.push({ name: image.name, failure: folderFailure(image.name) });
      else images.push(image);
    }
    const byName = (a: { name: string }, b: { name: string }) => compareUtf8(a.name, b.name);
    return { images: images.sort(byName), failures: failures.sort(byName) };
  }
}

function isSame(url: string, address: RemoteAddress): boolean {
  const before = parseAddress(url);
  return before.kind !== 'invalid' && identityOf(before) === identityOf(address);
}

function folderFailure(name: string): Failure {
  return {
    code: 'URL_INVALID',
    message: `${printable(name)} is an image and a folder of other images: no annotation file could hold both.`,
    hint: 'Annotate it in a run of its own.',
  };
}

function sameNameError(name: string, before: string, where: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `${where} and ${before} are different addresses with one name in annotation files, ${printable(name)}.`,
    hint:
      'Annotate one of them in a run of its own. A host and a bucket of one name, http and https, and spellings such ' +
      'as %41 for A have the same name.',
  });
}
