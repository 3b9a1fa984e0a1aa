// Loaded with `node --import`: the process that draws previews dies whenever it opens scene-01.jpg.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const { open } = fs;
fs.open = (path, ...rest) => {
  if (basename(process.argv[1] ?? '') === 'preview-worker.js' && String(path).includes('scene-01.jpg')) process.abort();
  return open(path, ...rest);
};
syncBuiltinESMExports();
