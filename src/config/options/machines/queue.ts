import { z } from 'zod';
import * as value from '../values.js';

/** Where a queue is. Its password is in no message and in no file. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

const ADVICE =
  'Write redis://host:6379, or rediss://user:password@host:6380 for TLS; in PREANNOTATE_QUEUE others cannot read it.';

/** `redis://[user[:password]@]host[:port][/db]`. What is wrong is reported without the value, which has a password. */
function queueAddress() {
  return z
    .string()
    .transform((text, { issues }): QueueAddress => {
      const address = parseAddress(text);
      if (address !== undefined) return address;
      issues.push({ code: 'custom', input: '', message: 'is not the address of a Redis', params: { advice: ADVICE } });
      return z.NEVER;
    })
    .meta({ pattern: '^rediss?://[^\\s/]' });
}

function parseAddress(text: string): QueueAddress | undefined {
  if (!/^rediss?:\/\/[^\s/]/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  const [, db = '0'] = /^\/?(\d*)$/.exec(pathname) ?? [undefined, 'x'];
  if (hostname === '' || db === 'x') return undefined;
  try {
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'), // IPv6
      port: Number(port || 6379),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      db: Number(db || 0),
      tls: protocol === 'rediss:',
    };
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

/** Where the queue is: of a run that hands out its images, and of the workers that take them. */
export const queueOptions = {
  queue: z
    .exactOptional(queueAddress())
    .describe(
      'Redis through which `preannotate worker` takes images on any number of machines: redis://host:6379, or ' +
        'rediss:// for TLS. `run` then computes nothing itself. Give user and password as PREANNOTATE_QUEUE, since ' +
        'command lines can be read by others',
    )
    .meta({ examples: ['redis://localhost:6379'], flag: { group: 'queue', basic: true, placeholder: 'url' } }),
  queue_ca: z
    .exactOptional(z.string().min(1))
    .describe('PEM file with the certificate authority of a rediss:// address, if it is a private one')
    .meta({ examples: ['ca.pem'], flag: { group: 'queue', placeholder: 'file' }, path: 'always' }),
};

/** What a worker does, and what it may read. */
export const workerOptions = {
  roots: value
    .texts()
    .default([])
    .describe(
      'Folder that images, example images and model folders of runs may lie in; anything outside is refused, since ' +
        'all who can write to the Redis could ask for it. Repeatable',
    )
    .meta({ flag: { group: 'queue', basic: true, name: 'root', placeholder: 'dir', repeatable: true } }),
  allow_host: value
    .texts()
    .default([])
    .describe(
      'Host or bucket that remote images of runs may be fetched from: example.org, *.example.org, example.org:9000 ' +
        'for another port than 80, 443, 8080 and 8443, or s3://bucket; any other is refused. Repeatable',
    )
    .meta({ flag: { group: 'queue', basic: true, placeholder: 'host', repeatable: true } }),
  exit_when_idle: z
    .exactOptional(value.duration(1))
    .describe('End with exit code 0 after this time without work, such as 60s or 10m. Default: wait for more')
    .meta({ examples: ['60s'], flag: { group: 'queue', basic: true, placeholder: 'time' } }),
};
