import { printable } from '../core/text.js';
import { hasColours } from './colours.js';

/** Of pino. */
const LEVELS: Readonly<Record<number, { name: string; colour: number }>> = {
  40: { name: 'warning', colour: 33 },
  50: { name: 'error', colour: 31 },
  60: { name: 'error', colour: 31 },
};

/** Fields of a line that people do not need. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'request_id', 'reqId', 'err', 'code']);

/** What pino writes its lines to. */
interface LineWriter {
  write(line: string): unknown;
}

/** How a server is told what it logs for. */
export function isLogForPeople(logFormat: 'text' | 'json' | undefined): boolean {
  return logFormat === undefined ? process.stderr.isTTY : logFormat === 'text';
}

/** Turns lines of JSON into lines for people, where they are asked for. */
export function openServeLog(logFormat: 'text' | 'json' | undefined, out: LineWriter): LineWriter {
  if (!isLogForPeople(logFormat)) return out;
  const inColour = hasColours(process.stderr);
  const paint = (text: string, colour: number) => (inColour ? `\u001b[${colour}m${text}\u001b[39m` : text);
  return { write: (line) => out.write(`${formatLine(JSON.parse(line) as Line, paint)}\n`) };
}

type Paint = (text: string, colour: number) => string;

/** What pino writes about a request, or about the server. */
interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly code?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

function formatLine(line: Line, paint: Paint): string {
  const time = paint(new Date(line.time).toTimeString().slice(0, 8), 90);
  const isRequest = typeof line['status'] === 'number' && typeof line['route'] === 'string';
  return `${time} ${isRequest ? formatRequest(line, paint) : formatMessage(line, paint)}`;
}

/** `POST /predict 200 3 boxes 41 ms` */
function formatRequest({ method = '-', route, status, boxes, code, ms }: Line, paint: Paint): string {
  const isRefused = Number(status) >= 400;
  const parts = [
    ...[String(method), printable(String(route))],
    paint(String(status), isRefused ? (Number(status) >= 500 ? 31 : 33) : 32),
    ...(code === undefined ? [] : [code]),
    ...(typeof boxes === 'number' ? [`${boxes} ${boxes === 1 ? 'box' : 'boxes'}`] : []),
    ...(typeof ms === 'number' ? [`${ms} ms`] : []),
  ];
  return parts.join(' ');
}

function formatMessage(line: Line, paint: Paint): string {
  const level = LEVELS[line.level];
  const others = Object.entries(line).filter(([name]) => !LEFT_OUT.has(name));
  const fields = others.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const details = [...(line.code === undefined ? [] : [line.code]), ...fields].map(printable).join(' ');
  const text = line.msg ?? line.err?.message ?? '';
  const stack = line.err?.stack === undefined ? '' : `\n${line.err.stack.split('\n').map(printable).join('\n')}`;
  const title = level === undefined ? '' : `${paint(`${level.name}:`, level.colour)} `;
  return `${title}${printable(text)}${details === '' ? '' : ` (${details})`}${stack}`;
}
