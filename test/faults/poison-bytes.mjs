// Loaded with `node --import`: a worker that gets image bytes with POISON in them dies, as if a native library crashed.
import { basename } from 'node:path';

function dieOfPoison({ type, images = [] }) {
  if (type !== 'detect') return;
  if (images.some(({ source }) => Buffer.from(source.bytes).includes('POISON'))) process.abort();
}

// Only once the worker listens too: whatever comes before that would be heard here alone.
function listenToo(event) {
  if (event !== 'message') return;
  process.off('newListener', listenToo);
  process.prependListener('message', dieOfPoison);
}

if (basename(process.argv[1] ?? '') === 'worker.js') process.on('newListener', listenToo);
