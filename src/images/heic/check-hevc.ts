import type { Address, Libheif } from './libheif.js';

/** @see enum de265_param */
const SUPPRESS_FAULTY_PICTURES = 6;
const DISABLE_DEBLOCKING = 7;
const DISABLE_SAO = 8;

const FIXED_BYTES = 22; // of an hvcC box, before its lists of parameter sets
const LENGTH_BYTES = 4; // before each unit, as libheif reads them

/**
 * Whether a picture is damaged. libheif shows what could be decoded of it and tells nothing, so it is decoded once
 * more, by a decoder that gives only pictures without errors.
 *
 * @param hvcC - Its parameters, as they are in the header of the file.
 */
export function isDamagedHevc(libheif: Libheif, item: number, hvcC: Buffer): boolean {
  const { c } = libheif;
  c._de265_init();
  const decoder = c._de265_new_decoder();
  try {
    c._de265_set_parameter_bool(decoder, SUPPRESS_FAULTY_PICTURES, 1);
    for (const filter of [DISABLE_DEBLOCKING, DISABLE_SAO]) c._de265_set_parameter_bool(decoder, filter, 1); // faster
    for (const unit of [...parameterSets(hvcC), ...units(libheif.item(item))]) push(libheif, decoder, unit);
    return !hasPicture(libheif, decoder);
  } catch {
    return true; // data that is not there, or ends early
  } finally {
    c._de265_free_decoder(decoder);
  }
}

function push(libheif: Libheif, decoder: Address, unit: Buffer): void {
  const at = libheif.store(unit);
  libheif.c._de265_push_NAL(decoder, at, unit.length, 0, 0, 0);
  libheif.c._free(at);
}

function hasPicture(libheif: Libheif, decoder: Address): boolean {
  const more = libheif.store(Buffer.alloc(4));
  libheif.c._de265_flush_data(decoder);
  do {
    if (libheif.c._de265_decode(decoder, more) !== 0) return false;
    if (libheif.c._de265_get_next_picture(decoder) !== 0) return true;
  } while (libheif.uint(more) !== 0);
  return false;
}

/** @throws RangeError where they end early */
function* parameterSets(hvcC: Buffer): Generator<Buffer, void, undefined> {
  let at = FIXED_BYTES + 1;
  for (let lists = hvcC.readUInt8(FIXED_BYTES); lists > 0; lists--) {
    const count = hvcC.readUInt16BE(at + 1); // after the type
    at += 3;
    for (let i = 0; i < count; i++) {
      const length = hvcC.readUInt16BE(at);
      yield hvcC.subarray(at + 2, at + 2 + length);
      at += 2 + length;
    }
  }
}

/** @throws RangeError where the data ends early */
function* units(data: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < data.length;) {
    const end = at + LENGTH_BYTES + data.readUInt32BE(at);
    if (end > data.length) throw new RangeError('the data ends early');
    yield data.subarray(at + LENGTH_BYTES, end);
    at = end;
  }
}
