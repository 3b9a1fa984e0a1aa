/*
 * Loaded into a command before it starts: its disk confirms nothing while there is a file at SLOW_DISK, which then has
 * a line for each call that waits.
 */
import { constants, existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const flag = constants.O_WRONLY | constants.O_APPEND; // it is not made again
const file = await open(import.meta.filename ?? new URL(import.meta.url).pathname);
const prototype = Object.getPrototypeOf(file);
await file.close();
const { datasync } = prototype;
prototype.datasync = async function () {
  if (existsSync(process.env['SLOW_DISK']))
    await writeFile(process.env['SLOW_DISK'], 'waits\n', { flag }).catch(() => {});
  while (existsSync(process.env['SLOW_DISK'])) await sleep(20);
  return await datasync.call(this);
};
