import { jsonParser, type Token } from 'stream-json/core/parser.js';

/** Turns text that comes in pieces into tokens. @returns A function that throws for what is not JSON. */
export function jsonTokenizer({ isLines = false }: { isLines?: boolean } = {}): (text: string) => readonly Token[] {
  const parse = jsonParser({ packValues: true, streamValues: false, jsonStreaming: isLines });
  return (text) => {
    const tokens = parse(text);
    return typeof tokens === 'object' && 'values' in tokens ? tokens.values : [];
  };
}
