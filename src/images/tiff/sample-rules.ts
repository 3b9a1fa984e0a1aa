/** What a number of a pixel is: SampleFormat and BitsPerSample of a TIFF file. */
export type SampleFormat = 'unsigned' | 'signed' | 'float' | 'complex';

/** One row for each kind of sample: how it becomes 8 bits, and what other programs do with it. */
export interface SampleRule {
  readonly format: SampleFormat;
  readonly bits: readonly number[];
  readonly name: string; // for messages
  /** `asIs`: libvips decodes it right; `measured`: by the range of its values; `refused`: with the advice. */
  readonly reading: 'asIs' | 'measured' | 'refused';
  readonly rule: string;
  readonly pillow: string; // version 12, Image.open and convert('RGB')
  readonly opencv: string; // version 5, imread; with IMREAD_UNCHANGED all but half, complex and packed samples are kept
  readonly gdal: string; // version 3, gdal_translate -ot Byte
  readonly advice?: string; // a command that makes a file that can be read
}

const CLIPS = 'keeps the values; `-ot Byte` clips them to 0–255, `-scale` stretches them';
const NOT_OPENED = 'not opened';
const SMALLEST = 'white is the top of the smallest of 8, 10, 12, 14 and 16 bits that holds the largest sample';
const NEGATIVE = 'samples below zero need SMinSampleValue and SMaxSampleValue, and are refused without';
const FLOAT_RULE =
  '0 to 1, 0 to 255 (from 64) or 0 to 65535 (from 16384) are black to white, with 5 % beyond at either end; ' +
  'other ranges need SMinSampleValue and SMaxSampleValue, and are refused without';

/**
 * The rule for each kind of sample. `fixtures/docs/tiff.md` is this table and the next for readers; a test compares
 * them. What Pillow and OpenCV do was measured with the files of `fixtures/tiff`.
 */
export const SAMPLE_RULES: readonly SampleRule[] = [
  {
    format: 'unsigned',
    bits: [1, 2, 4, 8],
    name: '1 to 8 bits',
    reading: 'asIs',
    rule: 'the whole range of the bits is black to white',
    pillow: 'the same',
    opencv: 'the same for 1 and 8 bits; 2 and 4 are not read',
    gdal: 'keeps the values',
  },
  {
    format: 'unsigned',
    bits: [16],
    name: '16-bit integers',
    reading: 'measured',
    rule: `${SMALLEST}, so that 12 bits stored in 16 are not almost black; with an ICC profile always 16 bits`,
    pillow: 'RGB: divides by 256; grey: clips to 0–255, almost white',
    opencv: 'divides by 256; 12 bits stored in 16 are almost black',
    gdal: CLIPS,
  },
  {
    format: 'unsigned',
    bits: [32],
    name: '32-bit integers',
    reading: 'measured',
    rule: `${SMALLEST}; from 2^28, of 32 bits; refused between`,
    pillow: 'RGB: not opened; grey: clips to 0–255',
    opencv: 'not read',
    gdal: CLIPS,
  },
  {
    format: 'signed',
    bits: [8],
    name: 'signed 8-bit integers',
    reading: 'measured',
    rule: `0 to 127 are black to white; ${NEGATIVE}`,
    pillow: 'takes them for unsigned: −1 is white',
    opencv: 'takes them for unsigned: −1 is white',
    gdal: CLIPS,
  },
  {
    format: 'signed',
    bits: [16],
    name: 'signed 16-bit integers',
    reading: 'measured',
    rule: `white is the top of the smallest of 8, 10, 12, 14 and 15 bits that holds the largest sample; ${NEGATIVE}`,
    pillow: 'RGB: not opened; grey: clips to 0–255',
    opencv: 'divides by 256, −1 is white',
    gdal: CLIPS,
  },
  {
    format: 'signed',
    bits: [32],
    name: 'signed 32-bit integers',
    reading: 'measured',
    rule: `${SMALLEST}; from 2^27, of 31 bits; refused between; ${NEGATIVE}`,
    pillow: 'RGB: not opened; grey: clips to 0–255',
    opencv: 'not read',
    gdal: CLIPS,
  },
  {
    format: 'float',
    bits: [16],
    name: 'half floats',
    reading: 'measured',
    rule: `${FLOAT_RULE}; grey with the floating-point predictor (3) is refused`,
    pillow: NOT_OPENED,
    opencv: 'not read',
    gdal: CLIPS,
    advice: 'gdal_translate -ot Float32 -co PREDICTOR=1 in.tif out.tif',
  },
  {
    format: 'float',
    bits: [32],
    name: '32-bit floats',
    reading: 'measured',
    rule: `${FLOAT_RULE}; NaN and GDAL_NODATA are black`,
    pillow: 'RGB: not opened; grey: clips to 0–255, so that 0 to 1 is black',
    opencv: 'not read',
    gdal: CLIPS,
  },
  {
    format: 'float',
    bits: [64],
    name: '64-bit floats',
    reading: 'measured',
    rule: `${FLOAT_RULE}; with a predictor, or in two bands, they are refused`,
    pillow: NOT_OPENED,
    opencv: 'not read',
    gdal: CLIPS,
    advice: 'gdal_translate -ot Float32 -co PREDICTOR=1 in.tif out.tif',
  },
  {
    format: 'unsigned',
    bits: [64],
    name: '64-bit integers',
    reading: 'refused',
    rule: 'refused',
    pillow: NOT_OPENED,
    opencv: 'not read',
    gdal: CLIPS,
    advice: 'gdal_translate -ot Float32 in.tif out.tif',
  },
  {
    format: 'signed',
    bits: [64],
    name: 'signed 64-bit integers',
    reading: 'refused',
    rule: 'refused',
    pillow: NOT_OPENED,
    opencv: 'not read',
    gdal: CLIPS,
    advice: 'gdal_translate -ot Float32 in.tif out.tif',
  },
  {
    format: 'complex',
    bits: [16, 32, 64, 128],
    name: 'complex numbers',
    reading: 'refused',
    rule: 'refused',
    pillow: NOT_OPENED,
    opencv: 'not read',
    gdal: 'keeps the values; a byte is made of the real part',
    advice: 'gdal_translate -ot Byte -scale DERIVED_SUBDATASET:AMPLITUDE:in.tif out.tif',
  },
];

/** Bits that no row has, such as 12 bits packed into one and a half bytes. */
export const OTHER_SAMPLES: Pick<SampleRule, 'rule' | 'pillow' | 'opencv' | 'gdal'> & { advice: string } = {
  rule: 'refused',
  pillow: '12 bits, grey: clips to 0–255; others are not opened',
  opencv: 'not read',
  gdal: CLIPS,
  advice: 'gdal_translate -ot UInt16 -co NBITS=16 in.tif out.tif',
};

/** The row for a kind of sample, if there is one. */
export function findSampleRule(format: SampleFormat, bits: number): SampleRule | undefined {
  return SAMPLE_RULES.find((rule) => rule.format === format && rule.bits.includes(bits));
}
