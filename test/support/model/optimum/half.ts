/** The bits of the nearest float16, ties to even. @see IEEE 754 binary16 */
export function halfOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size === 0 ? 2 ** -14 : size)));
  const fraction = size / 2 ** (exponent - 10); // 1024 to 2047, or less for a subnormal number
  const floor = Math.floor(fraction);
  const rest = fraction - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return sign | (rounded + (exponent + 14) * 1024); // a carry goes into the exponent, as it should
}
