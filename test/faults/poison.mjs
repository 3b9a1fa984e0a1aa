// Loaded with `node --import`: a process that opens a file called poison… dies, as if a native library crashed.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs;
fs.open = (path, ...rest) => {
  if (String(path).includes('poison')) process.abort();
  return open(path, ...rest);
};
syncBuiltinESMExports();
