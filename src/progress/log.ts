import type { Writable } from 'node:stream';

/** How serious an event of the log is. */
export type Level = 'info' | 'warn' | 'error';

/** What is written on stderr is set once, when the command line has been read. */
let isJson = false;

/** @param json - Whether everything on stderr is one JSON object a line. */
export function useJsonLog(json: boolean): void {
  isJson = json;
}

/** Whether everything on stderr is one JSON object a line. */
export function isJsonLog(): boolean {
  return isJson;
}

/** Something that a program reads on stderr. */
export interface LogEvent {
  readonly level: Level;
  readonly event: string; // progress, download, note, image_failed, stopping, error
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Writes an event as one line of JSON. */
export function writeEvent(stream: Writable, { level, event, message, ...fields }: LogEvent): void {
  stream.write(`${JSON.stringify({ level, time: new Date().toISOString(), event, message, ...fields })}\n`);
}
