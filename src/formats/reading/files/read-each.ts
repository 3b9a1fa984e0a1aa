import { mapInOrder } from '../../../core/stream.js';
import { describeReadError, readWholeFile } from '../../../disk/readable-file.js';
import type { EntryProblem } from '../read-options.js';

const FILES_AT_ONCE = 8; // keeps a disk busy; each may be large

/** Why the content of a file is not used. */
export class FileProblem extends Error {
  readonly line: number | undefined;

  /** @param message - Follows the file's name and line: `it is not well-formed XML`. */
  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/** Files of one image each, and how to read one. */
export interface FilesToRead<Content> {
  readonly files: readonly string[]; // absolute
  readonly maxBytes: number; // of a file
  /** @throws FileProblem */
  readonly parse: (bytes: Buffer, file: string) => Content;
  /** Called for a file that cannot be read or parsed, which is then left out; what it throws is thrown. */
  readonly onBroken: (file: string, problem: EntryProblem) => void;
}

/** The contents of files in their order, some read ahead. A broken one does not cost the others. */
export async function* readEach<Content>({
  files,
  maxBytes,
  parse,
  onBroken,
}: FilesToRead<Content>): AsyncGenerator<{ readonly file: string; readonly content: Content }> {
  const contents = mapInOrder(files, FILES_AT_ONCE, async (file) => {
    try {
      return { file, content: parse(await readWholeFile(file, maxBytes), file) };
    } catch (error) {
      return { file, problem: toProblem(file, error) };
    }
  });
  for await (const read of contents) {
    if (read.problem === undefined) yield read;
    else onBroken(read.file, read.problem);
  }
}

function toProblem(file: string, error: unknown): EntryProblem {
  const rule = 'file-unreadable';
  if (!(error instanceof FileProblem)) return { where: file, problem: describeReadError(error), rule };
  return { where: error.line === undefined ? file : `${file}:${error.line}`, problem: error.message, rule };
}
