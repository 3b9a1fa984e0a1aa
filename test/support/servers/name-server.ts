import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What a name stands for: addresses, `CNAME other.name`, `SERVFAIL`, or `SILENCE`. A missing name does not exist. */
export type Zone = Readonly<Record<string, readonly string[] | ((nth: number) => readonly string[])>>;

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };

/** A name server on loopback, speaking DNS over UDP. `asked` lists the questions in order: `A photos.test`. */
export async function startNameServer(zone: Zone) {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const { name, end } = nameAt(question);
    const type = TYPES[question.readUInt16BE(end)] ?? 'other';
    asked.push(`${type} ${name}`);
    const nth = asked.filter((each) => each === `${type} ${name}`).length;
    const entry = zone[name];
    const records = typeof entry === 'function' ? entry(nth) : entry;
    if (records?.[0] === 'SILENCE') return;
    socket.send(answerTo(question.subarray(0, end + 4), type, { zone, records }), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    asked,
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.dispose]: () => void socket.close(),
  };
}

function nameAt(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at]!; length > 0; length = question[at]!) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function answerTo(
  question: Buffer,
  type: string,
  { zone, records }: { zone: Zone; records?: readonly string[] | undefined },
) {
  const answers: Buffer[] = [];
  const add = (owner: Buffer, values: readonly string[]) => {
    for (const value of values) {
      const [, target] = /^CNAME (.*)$/.exec(value) ?? [];
      if (target !== undefined) {
        answers.push(record(owner, 5, wireName(target)));
        const behind = zone[target];
        add(wireName(target), typeof behind === 'function' ? behind(1) : (behind ?? []));
      } else if (value !== 'SERVFAIL' && (isIPv4(value) ? 'A' : 'AAAA') === type) {
        answers.push(record(owner, type === 'A' ? 1 : 28, Buffer.from(ipaddr.parse(value).toByteArray())));
      }
    }
  };
  add(Buffer.from([0xc0, 12]), records ?? []);
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  const code = records === undefined ? 3 : records[0] === 'SERVFAIL' ? 2 : 0;
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question.subarray(12), ...answers]);
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2); // class IN; a time to live of 0
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function wireName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
