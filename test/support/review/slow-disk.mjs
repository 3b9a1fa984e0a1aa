/* Loaded into a command before it starts: its disk confirms nothing while there is a file at SLOW_DISK. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const file = await open(import.meta.filename ?? new URL(import.meta.url).pathname);
const prototype = Object.getPrototypeOf(file);
await file.close();
const { datasync } = prototype;
prototype.datasync = async function () {
  while (existsSync(process.env['SLOW_DISK'])) await sleep(20);
  return await datasync.call(this);
};
