import { createRequire } from 'node:module';

/** The package that decodes HEIC: libheif in WebAssembly. It is optional for its size, and for the licences of HEVC. */
export const HEIC_PACKAGE = 'heic-decode';

const packages = createRequire(import.meta.url);

/** A number in the memory of the module: of a byte, an object or a list. */
export type Address = number;

/** What is used of libheif, and of libde265 in it, by their C names. @see heif_context.h, heif_image.h, de265.h */
interface Functions {
  readonly HEAPU8: Uint8Array; // another one when the memory has grown
  readonly HEAPU32: Uint32Array;
  _malloc(bytes: number): Address;
  _free(at: Address): void;
  _heif_context_alloc(): Address;
  _heif_context_read_from_memory_without_copy(...of: [Address, Address, Address, size: number, options: 0]): void;
  _heif_context_get_primary_image_handle(error: Address, context: Address, handle: Address): void;
  _heif_image_handle_get_width(handle: Address): number;
  _heif_image_handle_get_height(handle: Address): number;
  _heif_decode_image(...of: [Address, Address, Address, colourSpace: number, chroma: number, options: 0]): void;
  _heif_image_get_plane_readonly(image: Address, channel: number, stride: Address): Address;
  _heif_item_get_item_data(...of: [Address, Address, item: number, compression: 0, Address, size: Address]): void;
  _heif_release_item_data(context: Address, data: Address): void;
  _de265_init(): number;
  _de265_new_decoder(): Address;
  _de265_free_decoder(decoder: Address): number;
  _de265_set_parameter_bool(decoder: Address, parameter: number, value: 0 | 1): void;
  _de265_push_NAL(...of: [Address, Address, size: number, time: 0, timeHigh: 0, user: 0]): number;
  _de265_flush_data(decoder: Address): number;
  _de265_decode(decoder: Address, more: Address): number;
  _de265_get_next_picture(decoder: Address): Address;
}

/** libheif with memory of its own, and one file in it. What it allocates is freed with it. */
export class Libheif {
  readonly c: Functions;
  readonly #context: Address;
  readonly #error: Address; // code, second code, message
  readonly #results: Address; // of functions that return more than a number

  /** @throws Error when it does not read the file */
  constructor(file: Buffer) {
    this.c = createModule();
    this.#error = this.c._malloc(12);
    this.#results = this.c._malloc(8);
    this.#context = this.c._heif_context_alloc();
    const bytes = this.store(file);
    this.c._heif_context_read_from_memory_without_copy(this.#error, this.#context, bytes, file.length, 0);
    this.#check();
  }

  /** The handle of the picture to show. */
  primary(): Address {
    this.c._heif_context_get_primary_image_handle(this.#error, this.#context, this.#results);
    this.#check();
    return this.uint(this.#results);
  }

  /** Decodes a picture. @returns its first row, and the number of bytes to the next one */
  decode(handle: Address, { colourSpace, chroma, channel }: Layout): { rows: Address; stride: number } {
    this.c._heif_decode_image(this.#error, handle, this.#results, colourSpace, chroma, 0);
    this.#check();
    const rows = this.c._heif_image_get_plane_readonly(this.uint(this.#results), channel, this.#results);
    return { rows, stride: this.uint(this.#results) };
  }

  /** The data of an item as it is in the file. */
  item(item: number): Buffer {
    const [data, size] = [this.#results, this.#results + 4];
    this.c._heif_item_get_item_data(this.#error, this.#context, item, 0, data, size);
    this.#check();
    const bytes = Buffer.from(this.bytes(this.uint(data), this.uint(size)));
    this.c._heif_release_item_data(this.#context, data);
    return bytes;
  }

  uint(at: Address): number {
    return this.c.HEAPU32[at / 4]!;
  }

  /** A view that is valid until the next call. */
  bytes(at: Address, length: number): Uint8Array {
    return this.c.HEAPU8.subarray(at, at + length);
  }

  /** Copies bytes into the memory. */
  store(bytes: Uint8Array): Address {
    const at = this.c._malloc(bytes.length);
    if (at === 0) throw new Error('out of memory');
    this.c.HEAPU8.set(bytes, at);
    return at;
  }

  #check(): void {
    if (this.uint(this.#error) !== 0) throw new Error(`libheif error ${this.uint(this.#error)}`);
  }
}

/** How pixels are laid out, by libheif's numbers. */
interface Layout {
  readonly colourSpace: number;
  readonly chroma: number;
  readonly channel: number;
}

/** 8 bits each, beside each other. */
export const RGB: Layout = { colourSpace: 1, chroma: 10, channel: 10 };

/** Whether the optional package is installed. */
export function isHeicInstalled(): boolean {
  try {
    packages.resolve(HEIC_PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/** What the library prints about damaged files. */
interface Streams {
  print(line: string): void;
  printErr(line: string): void;
}

const ignore = () => undefined;

/** The library is a dependency of the package. */
function createModule(): Functions {
  const itsPackages = createRequire(packages.resolve(HEIC_PACKAGE));
  const create = itsPackages('libheif-js/libheif-wasm/libheif-bundle.js') as (streams: Streams) => Functions;
  return create({ print: ignore, printErr: ignore });
}
