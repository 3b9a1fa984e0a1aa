/**
 * `npx tsx test/bench/code.ts [checkout]`: how large and how entangled the code below src is, as the TypeScript
 * compiler parses it. Blank lines and comments count as lines.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { printTable } from './support/table.js';

const FULL_FOLDER = 16; // files

/** Imported files by importing file. */
type Imports = ReadonlyMap<string, readonly string[]>;

const checkout = resolve(process.argv[2] ?? '.');
const src = join(checkout, 'src');
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const trees = files.map((file) => {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
});

const all = trees.flatMap(nodesOf);
const functions = all.filter((node) => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined);
printTable(
  `Lines below ${src}`,
  ['', 'count', 'p50', 'p95', 'max'],
  [statistics('functions', functions.map(linesOf)), statistics('files', trees.map(linesOf))],
);
printTable(
  'Should be 0',
  ['', 'count'],
  [
    ['explicit any', String(all.filter(({ kind }) => kind === ts.SyntaxKind.AnyKeyword).length)],
    ['groups of files that import each other at run time', String(cyclesOf(importsOf({ withTypes: false })).length)],
    ['the same, type imports included', String(cyclesOf(importsOf({ withTypes: true })).length)],
    [`folders above ${FULL_FOLDER} files`, String(largeFolders().length)],
  ],
);
printNames('Import each other', cyclesOf(importsOf({ withTypes: true })));
printNames('Large folders', largeFolders());

function nodesOf(node: ts.Node): ts.Node[] {
  const nodes = [node];
  ts.forEachChild(node, (child) => void nodes.push(...nodesOf(child)));
  return nodes;
}

function linesOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  if (node === tree) return tree.text.trimEnd().split('\n').length;
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
  return lineAt(node.getEnd()) - lineAt(node.getStart()) + 1;
}

function statistics(what: string, counts: readonly number[]): string[] {
  const sorted = [...counts].sort((a, b) => a - b);
  const quantile = (share: number) => String(sorted[Math.ceil(share * sorted.length) - 1]);
  return [what, String(sorted.length), quantile(0.5), quantile(0.95), quantile(1)];
}

function importsOf({ withTypes }: { withTypes: boolean }): Imports {
  return new Map(trees.map((tree) => [tree.fileName, importedBy(tree, withTypes)]));
}

function importedBy(tree: ts.SourceFile, withTypes: boolean): string[] {
  return nodesOf(tree)
    .filter((node) => withTypes || !isTypeOnly(node))
    .map((node) => specifierOf(node))
    .filter((specifier) => specifier?.startsWith('.') === true)
    .map((specifier) => resolve(dirname(tree.fileName), specifier!).replace(/\.js$/, '.ts'))
    .filter((path) => existsSync(path));
}

/** What a node imports: of `import`, `export … from`, `import()` and `import('…').Type`. */
function specifierOf(node: ts.Node): string | undefined {
  const specifier =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined;
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node)) return ts.isImportTypeNode(node);
  const { importClause } = node;
  if (importClause === undefined || importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) {
    return importClause !== undefined;
  }
  const { name, namedBindings } = importClause;
  return name === undefined && namedBindings !== undefined && ts.isNamedImports(namedBindings)
    ? namedBindings.elements.every((element) => element.isTypeOnly)
    : false;
}

/** Files that reach each other, as one line a group. */
function cyclesOf(imports: Imports): string[] {
  const reached = new Map([...imports.keys()].map((file) => [file, reachedFrom(file, imports)]));
  const groups = [...imports.keys()].map((file) => {
    return [...reached.get(file)!].filter((other) => reached.get(other)?.has(file)).sort();
  });
  const named = groups.filter((group) => group.length > 0).map((group) => group.map(nameOf).join(' '));
  return [...new Set(named)];
}

/** Every file that one imports, directly or not; itself only when it is in a cycle. */
function reachedFrom(file: string, imports: Imports): ReadonlySet<string> {
  const reached = new Set<string>();
  const left = [...(imports.get(file) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    left.push(...(imports.get(next) ?? []));
  }
  return reached;
}

function largeFolders(): string[] {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > FULL_FOLDER).map(([folder, n]) => `${nameOf(folder)}: ${n} files`);
}

function nameOf(path: string): string {
  return relative(checkout, path);
}

function printNames(title: string, names: readonly string[]): void {
  if (names.length > 0) process.stdout.write(`\n${title}:\n${names.map((name) => `  ${name}\n`).join('')}`);
}
