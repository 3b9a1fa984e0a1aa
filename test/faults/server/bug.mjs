// Loaded with `node --import`: the server itself has a bug, which images that begin with "BUG" bring out.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'preannotate.js') {
  const { from } = Buffer;
  const marked = from('BUG').toString('base64');
  Buffer.from = (value, ...rest) => {
    if (typeof value === 'string' && value.startsWith(marked)) throw new TypeError('a secret of the server');
    return from(value, ...rest);
  };
}
