import Module from 'node:module';
import { onTestFinished } from 'vitest';

/** What Node looks up the file of a package with. */
const lookup = Module as unknown as { _resolveFilename: (request: string, ...others: unknown[]) => string };

/** Lets Node not find a package until the test ends, as where it is not installed. */
export function withoutPackage(name: string): void {
  const find = lookup._resolveFilename;
  lookup._resolveFilename = (request, ...others) => {
    if (request === name) throw new Error(`Cannot find module '${name}'`);
    return find.call(lookup, request, ...others);
  };
  onTestFinished(() => void (lookup._resolveFilename = find));
}
