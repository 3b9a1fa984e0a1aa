import { startWebServer } from './web-server.js';

/** How a {@link startLabelStudio} answers; may be changed between requests. */
export interface LabelStudioBehaviour {
  /** The answer to POST /api/token/refresh/, for the number of the exchange, from 1. */
  refresh: (exchange: number) => { status: number; body: string; headers?: Record<string, string> };
  /** Whether a file is given for an Authorization header. */
  accepts: (authorization: string | undefined) => boolean;
}

export type LabelStudioServer = Awaited<ReturnType<typeof startLabelStudio>>;

/** A Label Studio below /ls with one photo for every file, which counts and records what it is asked. */
export async function startLabelStudio(photo: Uint8Array, behaviour: LabelStudioBehaviour) {
  const exchanges: string[] = []; // bodies
  const files: (string | undefined)[] = []; // Authorization headers
  const server = await startWebServer((request, response) => {
    if (request.method === 'POST' && request.url === '/ls/api/token/refresh/') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        exchanges.push(Buffer.concat(chunks).toString());
        const { status, body, headers = {} } = behaviour.refresh(exchanges.length);
        // later, so that all tasks of a request ask before it is answered
        setTimeout(() => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body), 100);
      });
      return;
    }
    files.push(request.headers.authorization);
    if (behaviour.accepts(request.headers.authorization)) response.end(photo);
    else response.writeHead(401, { 'content-type': 'application/json' }).end('{"detail":"Invalid token."}');
  });
  return {
    exchanges,
    files,
    behaviour,
    url: `http://127.0.0.1:${server.port}/ls`,
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}
