/** A copy of a text that was cut from a larger one, which V8 would otherwise keep in memory with it. */
export function ownText(text: string): string {
  const encoding = /^[\x20-\x7e]*$/.test(text) ? 'latin1' : 'utf16le';
  return Buffer.from(text, encoding).toString(encoding);
}
