import type { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import { printable } from '../core/text.js';

/** Where progress is shown, and how. */
export interface ProgressOptions {
  readonly stream: Writable & { isTTY?: boolean; columns?: number };
  readonly quiet: boolean;
  readonly now?: () => number; // milliseconds, monotonic
}

/** Whether a bar can be redrawn in place; elsewhere progress is plain lines. */
export function canRedraw({ isTTY }: ProgressOptions['stream']): boolean {
  return isTTY === true && process.env['TERM'] !== 'dumb';
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
  return new cliProgress.SingleBar({
    stream,
    format: bar.format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: Math.min(bar.maxColumns, Math.max(10, columns)),
    clearOnComplete: bar.clearOnComplete,
    hideCursor: true,
    fps: 5,
  });
}
