import { lookup } from 'node:dns/promises';
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { messageOf, PreannotateError, systemCodeOf } from '../core/errors.js';
import { excerpt } from '../core/text.js';

/** Where to listen: at a port, or at a Unix socket. */
interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly unix?: string;
}

/** Starts to listen. @returns The address, for people. @throws PreannotateError LISTEN_FAILED */
export async function listen(app: FastifyInstance, settings: ListenSettings): Promise<string> {
  const { host, port, unix } = settings;
  const listenTextResolver = (text: string) => `listening at ${unix === undefined ? text : `unix:${unix}`}`;
  try {
    if (unix === undefined) {
      // Given the name, Fastify would listen at each of its addresses, with servers that `app` does not know.
      const only = host === 'localhost' ? (await lookup(host)).address : host;
      return await app.listen({ host: only, port, listenTextResolver });
    }
    await removeStaleSocket(unix);
    await app.listen({ path: unix, listenTextResolver });
    return `unix:${unix}`;
  } catch (error) {
    throw listenFailedError(error, settings);
  }
}

function listenFailedError(error: unknown, { host, port, unix }: ListenSettings): PreannotateError {
  const where = unix === undefined ? `${excerpt(host)}:${port}` : excerpt(unix);
  const isTaken = systemCodeOf(error) === 'EADDRINUSE';
  const onPort = isTaken
    ? 'Another program uses this port. Choose another one with --port, or --port 0 for any free port.'
    : 'Check --host and --port.';
  const onSocket = isTaken ? 'Another server listens there, or the file is not a socket.' : 'Check --unix.';
  return new PreannotateError(
    {
      code: 'LISTEN_FAILED',
      message: `${where} cannot be listened on: ${excerpt(messageOf(error))}.`,
      hint: unix === undefined ? onPort : onSocket,
    },
    error,
  );
}

/** Removes the socket that a killed server has left behind. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const isDead = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error) => resolve(systemCodeOf(error) === 'ECONNREFUSED'));
  });
  if (isDead) await unlink(path);
}
