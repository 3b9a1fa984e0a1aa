import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { messageOf, PreannotateError } from '../../core/errors.js';

/** What HTTPS needs, as PEM. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @throws PreannotateError CONFIG_INVALID when a file cannot be read, or the two do not belong together */
export async function loadCertificate({
  tlsCert,
  tlsKey,
}: {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}): Promise<Certificate | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'CONFIG_INVALID',
        message: `--tls-cert ${tlsCert} and --tls-key ${tlsKey} cannot be used: ${messageOf(error)}.`,
        hint: 'Both are PEM files: the certificate first, then those that lead to its authority; and the key that it was made with, without a password.',
      },
      error,
    );
  }
}
