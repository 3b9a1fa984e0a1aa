// Loaded with `node --import`: one of the threads of the server's own process opens STUCK_PIPE, to which no one writes.
import { open } from 'node:fs';
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'preannotate.js') open(process.env.STUCK_PIPE, () => {});
