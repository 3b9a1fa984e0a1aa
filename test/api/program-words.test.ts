import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { toProgramError, toProgramFailure, toProgramWords } from '../../src/api/program-words.js';
import { PreannotateError } from '../../src/core/errors.js';
import { ROOT } from '../support/model/golden.js';

describe('a message for the command line', () => {
  it.each([
    ['Add --allow-private, if you trust it.', 'Add allowPrivate: true, if you trust it.'],
    ['Leave out --strict-images.', 'Leave out strictImages.'],
    ['--no-nms and --nms-iou contradict each other.', 'nms: false and nmsIou contradict each other.'],
    ['Use --precision fp16 on a GPU, or --device cpu.', "Use precision: 'fp16' on a GPU, or device: 'cpu'."],
    ['Raise --fetch-timeout if it is slow.', 'Raise fetchTimeout if it is slow.'],
    ['Convert it, or --exclude it.', 'Convert it, or exclude it.'],
    ['To leave it out, use --exclude "a *.jpg".', "To leave it out, use exclude: 'a *.jpg'."],
    ['Name one, for example --class "forklift".', "Name one, for example class: 'forklift'."],
    ['Give --ontology <file or name>.', "Give ontology: '<file or name>'."],
    ['--take-over-after 5m takes the folder.', "takeOverAfter: '5m' takes the folder."],
    ['with --features features --out out-2 then', "with features: 'features', out: 'out-2' then"],
    ['Run the same command again: it continues.', 'Make the same call again: it continues.'],
    ['Give the output folder of a `preannotate run`.', 'Give the output folder of an `annotate()`.'],
    ['`preannotate run --restart --score-floor 0.1`', '`annotate({ restart: true, scoreFloor: 0.1 })`'],
    ['`preannotate export <out> --images-root <folder>`', "`run.export({ imagesRoot: '<folder>' })`"],
    ['score_threshold is 0, below the score_floor of 0.1.', 'scoreThreshold is 0, below the scoreFloor of 0.1.'],
  ])('is in the words of a program: %s', (text, expected) => {
    expect(toProgramWords(text)).toBe(expected);
    expect(toProgramWords(expected)).toBe(expected);
  });

  it.each([
    'Run `preannotate doctor --setup-cuda`.',
    'Workers: preannotate worker --queue redis://queue --allow-private',
    'yard.yaml:3:10: nms_iou must be a number.',
    'photos/max_bytes/a--out.jpg: its content is damaged.',
  ])('keeps what is of a terminal, of a config file or of a path: %s', (text) => {
    expect(toProgramWords(text)).toBe(text);
  });

  it.each([
    ['unknown key "--score-threshold". Raise --limit-x.', undefined],
    ['photos --max-bytes 5/a.jpg: its content is damaged.', undefined],
    ["cp 'a --max-bytes 5.jpg' b", undefined],
    ['There is no photos --max-bytes 5.', ['photos --max-bytes 5']],
    ['The folder (max_bytes) is empty.', { paths: [['(max_bytes)']] }],
  ])('keeps what the caller wrote: %s', (text, given) => {
    expect(toProgramWords(text, given)).toBe(text);
  });

  it('is translated around what the caller wrote', () => {
    const text = 'a --max-bytes 5.jpg: "--max-bytes" is not read. Raise --max-bytes, the camera\'s and others\' limit.';
    const expected =
      'a --max-bytes 5.jpg: "--max-bytes" is not read. Raise maxBytes, the camera\'s and others\' limit.';
    expect(toProgramWords(text)).toBe(expected);
    expect(toProgramWords('Leave it out: --exclude "a --limit 5.jpg".')).toBe(
      "Leave it out: exclude: 'a --limit 5.jpg'.",
    );
    expect(toProgramWords('Use --exclude a --max-bytes 5, or --fit x.', 'a --max-bytes 5')).toContain(
      "'a --max-bytes 5'",
    );
    const failure = {
      image: 'a --max-bytes 5',
      code: 'IMAGE_TOO_LARGE',
      message: 'a --max-bytes 5 is too large.',
    } as const;
    expect(toProgramFailure(failure)).toEqual(failure);
  });

  it('is translated in errors and in failures of images', () => {
    const failure = { code: 'IMAGE_TOO_LARGE', message: 'Raise --max-bytes.', hint: 'Or --exclude it.' } as const;
    const error = toProgramError(new PreannotateError({ ...failure, detail: 'libvips' }));
    const expected = { code: 'IMAGE_TOO_LARGE', message: 'Raise maxBytes.', hint: 'Or exclude it.' };
    expect(error).toBeInstanceOf(PreannotateError);
    expect(error).toMatchObject({
      ...expected,
      detail: 'libvips',
      stack: expect.stringContaining('maxBytes') as string,
    });
    expect(toProgramFailure({ image: 'a.jpg', ...failure })).toEqual({ image: 'a.jpg', ...expected });
    const other = new RangeError('--max-bytes');
    expect(toProgramError(other)).toBe(other);
  });
});

/** Modules that calls load, and those of the processes whose failures they get. */
function listReachable(): string[] {
  const list = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  const reached = new Set<string>();
  const waiting = [...list('src/api'), ...list('src/workers/child')];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, path] of readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
      const imported = `${join(dirname(file), path!)}.ts`;
      if (existsSync(join(ROOT, imported))) waiting.push(imported);
    }
  }
  return [...reached].filter((file) => !/^src\/config\/(options|schema|flags|sources)/.test(file)); // of --help
}

/** The texts of a module, each as one, with … for what is not known before it runs. */
function listTexts(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined) texts.push(text);
    else ts.forEachChild(node, visit);
    if (ts.isTemplateExpression(node)) node.templateSpans.forEach(({ expression }) => visit(expression));
  };
  visit(ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true));
  return texts;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : (left ?? '…') + (right ?? '…');
}

/** Flags that programs do not have: of terminals, or of commands that no call runs. */
const OF_OTHERS = [
  'setup-cuda', // of `preannotate doctor`, in a terminal
  'config', // of commands, which read a preannotate.yaml that is not named
  ...['root', 'allow-host', 'queue'], // of `preannotate worker`
  ...['features-write', 'tls-cert', 'tls-key'], // of `preannotate serve`
  ...['import-format', 'map', 'truth', 'import', 'unknown-classes'], // of `preannotate review` and `eval`
  ...['task', 'batch_size', 'gpus', 'labels', 'nodata', 'global', 'format'], // of optimum-cli, docker, labelme, npm
];

it('no message that a call can give has a flag or a command, once it is in the words of a program', () => {
  const files = listReachable();
  expect(files.length).toBeGreaterThan(250);
  const texts = files.flatMap((file) => listTexts(file).map((text) => [file, toProgramWords(text)] as const));
  const wrong = texts.filter(([file, text]) => {
    if (file === 'src/api/program-words.ts' || /^\.\S*\.js(on)?$/.test(text)) return false;
    const flags = [...text.matchAll(/(?<![\w-])--(?:no-)?([a-z][\w-]*)/g)].map(([, name]) => name!);
    return flags.some((name) => !OF_OTHERS.includes(name)) || /\bcommands?\b/i.test(text);
  });
  expect(wrong).toEqual([]);
});
