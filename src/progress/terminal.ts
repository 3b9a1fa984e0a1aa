import type { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import { printable } from '../core/text.js';
import { isJsonLog, writeEvent } from './log.js';
import { asTyped } from './typed-command.js';

/** Where progress is shown, and how. */
export interface ProgressOptions {
  readonly stream: Writable & { isTTY?: boolean; columns?: number };
  readonly quiet: boolean;
  readonly style?: 'auto' | 'bar' | 'plain' | 'json' | 'none'; // default: auto
  readonly now?: () => number; // milliseconds, monotonic
}

/** The last bar of each stream. */
const bars = new Map<Writable, cliProgress.SingleBar>();
let areBarsStopped = false;

/** Whether a bar can be redrawn in place; elsewhere progress is plain lines. */
export function canRedraw({ isTTY }: ProgressOptions['stream']): boolean {
  return isTTY === true && process.env['TERM'] !== 'dumb' && !areBarsStopped;
}

/** Ends every bar and starts no other, because the command is about to end: what is written next stays readable. */
export function stopBars(): void {
  areBarsStopped = true;
  for (const bar of bars.values()) bar.stop();
}

/** Whether progress is shown as a bar: elsewhere as lines, for people or for programs, or not at all. */
export function isBar({ stream, quiet, style = 'auto' }: ProgressOptions): boolean {
  const mayBeBar = style === 'bar' || (style === 'auto' && !isJsonLog());
  return mayBeBar && !quiet && canRedraw(stream);
}

/** Whether progress that is no bar is shown as JSON. */
export function isJsonProgress({ style = 'auto' }: ProgressOptions): boolean {
  return style === 'json' || (style === 'auto' && isJsonLog());
}

/** Writes a note, for people or for programs. */
export function writeNote(stream: ProgressOptions['stream'], text: string): void {
  const message = asTyped(text);
  if (isJsonLog()) writeEvent(stream, { level: 'info', event: 'note', message });
  else writeLines(stream, message);
}

/** Writes lines of text without what would disturb a terminal. */
export function writeLines(stream: ProgressOptions['stream'], text: string): void {
  stream.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/** A bar that has not been started. @param otherColumns - Of the text beside the bar, which must not be cut off. */
export function createBar(
  stream: ProgressOptions['stream'],
  bar: { format: string; otherColumns: number; maxColumns: number; clearOnComplete: boolean },
): cliProgress.SingleBar {
  const columns = (stream.columns ?? 80) - bar.otherColumns;
  const created = new cliProgress.SingleBar({
    stream,
    format: bar.format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: Math.min(bar.maxColumns, Math.max(10, columns)),
    clearOnComplete: bar.clearOnComplete,
    hideCursor: true,
    fps: 5,
    gracefulExit: false, // it would stop the bar at a signal after the message about it, and overwrite the message
  });
  bars.set(stream, created);
  return created;
}
