import type { Command } from 'commander';

/** A command of `preannotate`. What it does, and its options, are loaded when they are needed. */
export interface ListedCommand {
  readonly declare: () => Command; // its name, what it does and its arguments
  readonly define: () => Promise<(command: Command) => Command>; // adds the rest
  readonly hasNoOptions?: boolean;
}
