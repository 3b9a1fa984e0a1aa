// Loaded with `node --import`: opening a file called hang… never ends, and seconds pass thirty times as fast.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs;
fs.open = (path, ...rest) => (String(path).includes('hang') ? new Promise(() => {}) : open(path, ...rest));
syncBuiltinESMExports();

const { setInterval: every } = globalThis;
globalThis.setInterval = (callback, ms, ...rest) => every(callback, ms / 30, ...rest);
