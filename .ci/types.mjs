// A step of the build: writes the declarations of what programs import, dist/index.d.ts and those that it refers to.
// Each file is read alone, which takes little time; `npm run typecheck` has checked what they say.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const options = {
  ...{ declaration: true, emitDeclarationOnly: true, noResolve: true, noCheck: true, strict: true, types: [] },
  ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, lib: ['lib.es2022.d.ts'] },
};

const waiting = ['src/index.ts'];
const done = new Set();
for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
  if (done.has(source)) continue;
  done.add(source);
  const text = declare(source);
  const target = join('dist', relative('src', source).replace(/\.ts$/, '.d.ts'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
  for (const [, path] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
    waiting.push(join(dirname(source), path).replace(/\.js$/, '.ts'));
  }
}

/** What a file declares. An import of its own has no types here, so what it exports must state its types. */
function declare(source) {
  let text;
  const { diagnostics } = ts.createProgram([source], options).emit(undefined, (_, emitted) => (text = emitted));
  if (diagnostics.length === 0 && text !== undefined) return text;
  const host = { getCurrentDirectory: () => '.', getCanonicalFileName: (name) => name, getNewLine: () => '\n' };
  throw new Error(`${source} has no declarations. ${ts.formatDiagnostics(diagnostics, host)}`);
}
