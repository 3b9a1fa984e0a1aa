const PERCENT = 0x25;

/**
 * Undoes percent-encoding. What is not an escape stays as it is.
 *
 * @param text - One byte a character (latin1).
 */
export function decodePercent(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  let end = bytes.indexOf(PERCENT);
  if (end === -1) return bytes;
  for (let at = end; at < bytes.length; at++, end++) {
    const escaped = bytes[at] === PERCENT ? readHex(bytes, at + 1) : undefined;
    bytes[end] = escaped ?? bytes[at]!;
    if (escaped !== undefined) at += 2;
  }
  return bytes.subarray(0, end);
}

/** Without strings: a body may have ten million escapes. */
function readHex(bytes: Buffer, at: number): number | undefined {
  const [high, low] = [hexDigitOf(bytes[at]), hexDigitOf(bytes[at + 1])];
  return high === undefined || low === undefined ? undefined : 16 * high + low;
}

function hexDigitOf(byte = 0): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : undefined;
}
