import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What every good answer of these servers holds. */
export const PHOTO = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251));

/** An HTTP server of this machine, on IPv4 and IPv6; `connections` counts those that were opened. */
export function startWebServer(
  listener: RequestListener = (_, response) => void response.setHeader('content-type', 'image/jpeg').end(PHOTO),
) {
  return started(createHttpServer(listener));
}

/** A server that answers each connection with `speak`, once it has received a request. */
export function startRawServer(speak: (socket: Socket, request: Buffer) => void) {
  return started(createTcpServer((socket) => socket.on('error', () => {}).once('data', (data) => speak(socket, data))));
}

/** Counts connections, closes them all in the end. */
export async function started<Kind extends Server>(server: Kind) {
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '::');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    /** Connections that neither side has closed. */
    get open() {
      return open.size;
    },
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
