import { PreannotateError } from '../../core/errors.js';
import type { SampleLayout } from './sample-layout.js';
import { chooseBands } from './bands.js';
import { cameraRawError, findCameraRaw } from './camera-raw.js';
import { READ_COMPRESSIONS, REFUSED_COLOURS, REFUSED_COMPRESSIONS } from './picture-rules.js';
import { bytesOf, numberOf, numbersOf, readPages, textOf, type TiffPage, type TiffPages } from './read-pages.js';
import { ADVICE, damagedTiffError, refusedTiffError, refuseImpossibleSize } from './refusal.js';
import { findSampleRule, OTHER_SAMPLES, type SampleFormat } from './sample-rules.js';
import { PHOTOMETRIC, TAG } from './tags.js';
import { rewritePage, startWithPage } from './write-tiff.js';

/** How a TIFF file is to be decoded. */
export type TiffPlan =
  | { readonly kind: 'refused'; readonly error: PreannotateError }
  /** By libvips. `open` returns the file, whose first page is the one to decode. */
  | { readonly kind: 'asIs'; readonly open: () => Buffer }
  /** By its samples, as numbers. `open` returns a copy of the file in which libvips finds them unchanged. */
  | { readonly kind: 'measured'; readonly open: () => Buffer; readonly layout: SampleLayout };

/**
 * Decides by the tags of a TIFF file how its picture is decoded.
 *
 * @returns undefined when the tags themselves cannot be read: the decoder reports what is wrong.
 */
export function inspectTiff(bytes: Buffer): TiffPlan | undefined {
  const pages = readPages(bytes);
  if (pages === undefined) return undefined;
  const rawFormat = findCameraRaw(pages);
  if (rawFormat !== undefined) return { kind: 'refused', error: cameraRawError(rawFormat) };
  const page = choosePage(pages);
  if (![TAG.width, TAG.height].every((tag) => isCount(numberOf(page, tag, 0)))) return undefined;
  try {
    const measured = describeSamples(page);
    if (measured !== undefined) return { kind: 'measured', ...measured };
    return { kind: 'asIs', open: () => (page === pages.main[0] ? bytes : startWithPage(page)) };
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    return { kind: 'refused', error };
  }
}

/** Fields of other types than SHORT and LONG hold any number. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** The first page that is not marked as a smaller version of another one, or else the first. */
function choosePage({ main, nested }: TiffPages): TiffPage {
  const isReduced = (page: TiffPage) =>
    (numberOf(page, TAG.newSubfileType, 0) & 1) === 1 || numberOf(page, TAG.subfileType, 1) === 2;
  return [...main, ...nested].find((page) => !isReduced(page)) ?? main[0]!;
}

const JPEG = 7; // a value of Compression
const MAX_SAMPLES = 65_535; // of a pixel: the tag is a SHORT

interface Measured {
  readonly open: () => Buffer;
  readonly layout: SampleLayout;
}

/**
 * @returns undefined where libvips decodes the page as it should be.
 * @throws PreannotateError IMAGE_UNSUPPORTED, IMAGE_UNDECODABLE
 */
function describeSamples(page: TiffPage): Measured | undefined {
  const photometric = numberOf(page, TAG.photometric, PHOTOMETRIC.blackIsZero);
  refuseColours(photometric);
  refuseCompression(numberOf(page, TAG.compression, 1));
  const samples = numberOf(page, TAG.samples, 1);
  if (!isCount(samples) || samples > MAX_SAMPLES) {
    throw damagedTiffError(`its pixels cannot have ${samples} samples (SamplesPerPixel)`);
  }
  const { format, bits } = readSampleType(page, samples);
  refuseImpossibleSize(page, samples * bits);
  const isGreyOrRgb = photometric <= PHOTOMETRIC.rgb;
  const rule = findSampleRule(format, bits);
  if (rule === undefined) {
    throw refusedTiffError(`its samples have ${bits} bits`, `\`${OTHER_SAMPLES.advice}\``);
  }
  if (rule.reading === 'refused') throw refusedTiffError(`its samples are ${rule.name}`, `\`${rule.advice!}\``);
  if (!isGreyOrRgb) return describeOtherColours(page, { photometric, samples, format, bits });
  if (photometric === PHOTOMETRIC.rgb && samples < 3) return undefined; // the decoder reports it as damage
  if (samples > 1 && bits < 8) throw refusedTiffError(`its bands have ${bits} bits`, ADVICE.bytes);
  if (bits < 8) return undefined;
  const bands = chooseBands(page, { photometric, samples });
  const isJpeg = numberOf(page, TAG.compression, 1) === JPEG && photometric === PHOTOMETRIC.rgb;
  if (rule.reading === 'asIs' && (bands.isUsual || isJpeg)) return undefined;
  if (format === 'unsigned' && bits === 16 && bands.isUsual && page.fields.has(TAG.icc)) return undefined;
  return measure(page, {
    format,
    bits,
    samples,
    bands: bands.chosen,
    isWhiteZero: photometric === PHOTOMETRIC.whiteIsZero,
  });
}

function refuseColours(photometric: number): void {
  const reason = REFUSED_COLOURS[photometric];
  if (reason !== undefined) throw refusedTiffError(reason, ADVICE.colours);
  if (photometric <= PHOTOMETRIC.lab) return;
  throw refusedTiffError(
    `the meaning of its colours is unknown (PhotometricInterpretation ${photometric})`,
    ADVICE.colours,
  );
}

function refuseCompression(compression: number): void {
  if (READ_COMPRESSIONS.has(compression)) return;
  const name = REFUSED_COMPRESSIONS[compression] ?? `scheme ${compression}`;
  throw refusedTiffError(`its pixels are compressed with ${name}, which is not supported`, ADVICE.compression);
}

const FORMATS: Readonly<Record<number, SampleFormat>> = { 2: 'signed', 3: 'float', 5: 'complex', 6: 'complex' };

/** @throws PreannotateError IMAGE_UNSUPPORTED where the bands differ */
function readSampleType(page: TiffPage, samples: number): { format: SampleFormat; bits: number } {
  const bits = numbersOf(page, TAG.bits).slice(0, samples);
  const formats = numbersOf(page, TAG.sampleFormat).slice(0, samples);
  if (new Set(bits).size > 1) {
    throw refusedTiffError(`its bands have different depths (${bits.slice(0, 8).join(', ')} bits)`, ADVICE.bytes);
  }
  if (new Set(formats).size > 1) throw refusedTiffError('its bands have samples of different kinds', ADVICE.bytes);
  return { format: FORMATS[formats[0] ?? 1] ?? 'unsigned', bits: bits[0] ?? 1 };
}

interface SampleKind {
  readonly format: SampleFormat;
  readonly bits: number;
  readonly samples: number; // bands in the file
}

/** Palettes, CMYK, YCbCr and CIELab. */
function describeOtherColours(page: TiffPage, kind: SampleKind & { photometric: number }): Measured | undefined {
  const { photometric, samples, format, bits } = kind;
  const isByte = format === 'unsigned' && bits === 8;
  switch (photometric) {
    case PHOTOMETRIC.palette:
      if (format === 'unsigned' && bits <= 8) return undefined;
      throw refusedTiffError(`its palette has indices of ${bits} bits`, ADVICE.bytes);
    case PHOTOMETRIC.separated: {
      const isCmyk = numberOf(page, TAG.inkSet, 1) === 1 && (samples === 4 || samples === 5);
      if (isCmyk && format === 'unsigned' && (bits === 8 || bits === 16)) return undefined;
      throw refusedTiffError(`its ${samples} inks of ${bits} bits are not CMYK with 8 or 16 bits`, ADVICE.colours);
    }
    case PHOTOMETRIC.ycbcr:
      if (!isByte || samples !== 3) throw refusedTiffError('its YCbCr samples do not have 8 bits', ADVICE.colours);
      return isWholeYcbcr(page)
        ? measure(page, { ...kind, bands: [0, 1, 2], isWhiteZero: false, colours: 'ycbcr' })
        : undefined;
    default:
      if (samples >= 3 && isByte)
        return measure(page, { ...kind, bands: [0, 1, 2], isWhiteZero: false, colours: 'lab' });
      if (samples === 3 && bits === 16) return undefined;
      throw refusedTiffError(`its CIELab samples do not have 8 or 16 bits`, ADVICE.colours);
  }
}

/**
 * Whether every pixel has its own Cb and Cr, which libvips takes for green and blue unless JPEG converts them.
 *
 * @throws PreannotateError IMAGE_UNSUPPORTED for another conversion than that of JPEG
 */
function isWholeYcbcr(page: TiffPage): boolean {
  const subsampling = numbersOf(page, TAG.ycbcrSubsampling);
  if (numberOf(page, TAG.compression, 1) === JPEG || subsampling.length === 0) return false;
  if (subsampling.some((factor) => factor !== 1)) return false;
  const isClose = (tag: number, usual: readonly number[]) =>
    numbersOf(page, tag).every((value, i) => Math.abs(value - usual[i]!) < 0.01);
  const isUsual =
    isClose(TAG.ycbcrCoefficients, [0.299, 0.587, 0.114]) &&
    isClose(TAG.referenceBlackWhite, [0, 255, 128, 255, 128, 255]);
  if (!isUsual) throw refusedTiffError('its YCbCr samples have coefficients of their own', ADVICE.colours);
  return true;
}

interface MeasuredKind extends SampleKind {
  readonly bands: readonly number[];
  readonly isWhiteZero: boolean;
  readonly colours?: SampleLayout['colours'];
}

function measure(page: TiffPage, kind: MeasuredKind): Measured {
  const { format, bits, samples } = kind;
  const predictor = numberOf(page, TAG.predictor, 1);
  const rule = findSampleRule(format, bits)!;
  const isPaired = bits === 64;
  if (numberOf(page, TAG.compression, 1) === JPEG && samples > 2) {
    throw refusedTiffError(`it is a JPEG of ${samples} bands that are tagged as grey`, ADVICE.colours);
  }
  const isHalf = format === 'float' && bits === 16;
  if (isPaired && samples === 2) throw refusedTiffError(`its two bands are ${rule.name}`, `\`${rule.advice!}\``);
  if ((isPaired && predictor !== 1) || (isHalf && predictor === 3)) {
    throw refusedTiffError(`its samples are ${rule.name} behind predictor ${predictor}`, `\`${rule.advice!}\``);
  }
  const stored: number = isPaired ? 32 : bits;
  const size = { width: numberOf(page, TAG.width, 0), height: numberOf(page, TAG.height, 0) };
  const layout: SampleLayout = {
    ...kind,
    ...size,
    isSeparate: numberOf(page, TAG.planes, 1) === 2,
    isLittleEndian: page.file.isLittleEndian,
    orientation: readOrientation(page),
    icc: bytesOf(page, TAG.icc),
    colours: kind.colours ?? 'greyOrRgb',
    range: readRange(page),
    noData: readNoData(page),
  };
  const changes = new Map<number, readonly number[]>([
    [TAG.bits, Array<number>(samples).fill(stored)],
    [TAG.photometric, [samples > 2 ? PHOTOMETRIC.rgb : PHOTOMETRIC.blackIsZero]],
    [TAG.extraSamples, Array<number>(samples > 2 ? samples - 3 : samples - 1).fill(0)],
    [TAG.sampleFormat, Array<number>(samples).fill(format === 'float' && bits === 32 ? 3 : 1)],
  ]);
  if (isPaired) {
    for (const tag of [TAG.width, TAG.tileWidth].filter((tag) => page.fields.has(tag))) {
      changes.set(tag, [doubleWidth(numberOf(page, tag, 0))]);
    }
  }
  return { open: () => rewritePage(page, changes), layout };
}

/** @throws PreannotateError IMAGE_UNDECODABLE where it does not fit into a LONG */
function doubleWidth(width: number): number {
  if (isCount(width) && width <= 0x7fffffff) return 2 * width;
  throw damagedTiffError(`neither it nor its tiles can be ${width} pixels wide`);
}

/** Pictures with an unknown value are upright. */
function readOrientation(page: TiffPage): number {
  const orientation = numberOf(page, TAG.orientation, 1);
  return isCount(orientation) && orientation <= 8 ? orientation : 1;
}

/** The lowest and the highest sample that the file claims, where they make a range. */
function readRange(page: TiffPage): SampleLayout['range'] {
  const low = Math.min(...numbersOf(page, TAG.lowestSample));
  const high = Math.max(...numbersOf(page, TAG.highestSample));
  // Programs that know no range write the limits of the type.
  return low < high && Math.abs(low) < 1e30 && Math.abs(high) < 1e30 ? { low, high } : undefined;
}

function readNoData(page: TiffPage): number | undefined {
  const text = textOf(page, TAG.gdalNoData).trim();
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}
