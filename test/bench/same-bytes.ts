/**
 * `npx tsx test/bench/same-bytes.ts <other checkout>`: does this checkout write and answer, byte for byte, what another
 * one does? Both must be built. Times, `created` and the order of the journal's lines may differ, and so may what
 * another version did otherwise on purpose: YOLO files outside `train`, `nc`, and what `info` says of `results.json`.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ROOT } from '../support/model/golden.js';
import { withFolder } from './support/workspace.js';

const SCENES = join(ROOT, 'fixtures/scenes');
const EMOJI = ['--model', 'builtin:emoji', '--ontology', join(ROOT, 'ontologies/emoji.yaml')];

/** Each is run into a folder of its own, and then exported again with other thresholds. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  plain: ['--preview', '5'],
  batches: ['--max-batch-size', '8', '--workers-per-device', '2'],
  tiles: ['--tiles', '160', '--score-threshold', '0.2'],
  larger: ['--image-size', '192,256', '--class-agnostic-nms'],
  int8: ['--precision', 'int8', '--no-nms'],
};
const EXPORT = ['--score-threshold', '0.3', '--nms-iou', '0.7', '--max-detections', '20'];

const REQUESTS = ['', '?score_threshold=0.3&nms=false', '?class_agnostic_nms=true&max_detections=3'];
const ONTOLOGIES: readonly unknown[] = [
  { 'a dog': 'dog', 'a photo of a car': 'car' },
  { threshold: 0.2, classes: [{ name: 'bottle', prompts: ['a bottle'], threshold: 0.05 }], ignore: ['a cup'] },
];

/** A YOLO file as versions before `images/train` placed it. */
const FLAT = /^(yolo\/(?:images|labels|labels_conf))\/(?!train\/)/;

type Contents = Map<string, string>; // text, or the hash of it, by what it is

async function contentsOf(checkout: string, folder: string): Promise<Contents> {
  const contents: Contents = new Map();
  const cache = { XDG_CACHE_HOME: join(folder, 'cache'), SOURCE_DATE_EPOCH: '0' };
  const command = (args: readonly string[]) =>
    spawn(process.execPath, [join(checkout, 'bin/preannotate.js'), ...args], {
      env: { ...process.env, ...cache },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  for (const [name, flags] of Object.entries(RUNS)) {
    const out = join(folder, name);
    await finish(command(['run', SCENES, ...EMOJI, '--out', out, '--quiet', ...flags]));
    await readFiles(out, name, contents);
    await finish(command(['export', out, '--quiet', ...EXPORT]));
    await readFiles(out, `${name}, exported again`, contents);
  }
  const server = command(['serve', ...EMOJI, '--port', '0', '--log-level', 'silent']);
  try {
    await readAnswers(await urlOf(server), contents);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'close');
  }
  return contents;
}

async function finish(child: ReturnType<typeof spawn>): Promise<void> {
  child.stdout!.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`);
}

async function readFiles(out: string, title: string, contents: Contents): Promise<void> {
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path.includes('/.preannotate/')) continue; // for the program itself
    const name = `${title}: ${path.slice(out.length + 1).replace(FLAT, '$1/train/')}`;
    if (entry.isSymbolicLink()) contents.set(name, resolve(entry.parentPath, await readlink(path)));
    else if (entry.isFile()) contents.set(name, comparable(entry.name, await readFile(path)));
  }
}

/** Without what may differ from one run to the next. */
function comparable(name: string, bytes: Buffer): string {
  if (name === 'detections.jsonl') {
    const lines = bytes.toString().trimEnd().split('\n');
    return lines.map(comparableLine).sort().join('\n');
  }
  if (name === 'run.json') {
    const {
      created: _1,
      started: _2,
      finished: _3,
      timings: _4,
      check: _5,
      root,
      root_absolute: absoluteRoot = root, // the only one in earlier versions
      ...rest
    } = JSON.parse(bytes.toString()) as object & {
      [key: string]: unknown;
    };
    return JSON.stringify({ ...rest, root: absoluteRoot }, undefined, 2);
  }
  if (name === 'data.yaml')
    return bytes
      .toString()
      .replaceAll(/^(nc: .*|#.*)\n/gm, '')
      .replaceAll('images/train', 'images');
  if (name === 'instances.json') return bytes.toString().replace(/"results":"[^"]*",/, '');
  return name.endsWith('.jpg') ? createHash('sha256').update(bytes).digest('hex') : bytes.toString();
}

/** What the model found; not how the run was started, nor the image's number, which the views have. */
function comparableLine(line: string): string {
  const {
    created: _1,
    check: _2,
    modified_ms: _3,
    run: _4,
    id: _5,
    ...rest
  } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify(rest);
}

async function urlOf(server: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  for await (const part of server.stdout!.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    const url = / serves \S+ at (http:\S+)/.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended: ${text}`);
}

async function readAnswers(url: string, contents: Contents): Promise<void> {
  const names = (await readdir(SCENES)).filter((name) => /\.(jpg|png|webp)$/.test(name)).sort();
  const images: { id: string; image_base64: string }[] = [];
  for (const name of names) {
    const bytes = await readFile(join(SCENES, name));
    images.push({ id: name, image_base64: bytes.toString('base64') });
    for (const query of REQUESTS) {
      const request = {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': 'image/jpeg', 'x-request-id': 'same' },
      };
      contents.set(`/predict${query} of ${name}`, await (await fetch(`${url}/predict${query}`, request)).text());
    }
  }
  for (const [i, ontology] of ONTOLOGIES.entries()) {
    const request = {
      method: 'POST',
      body: JSON.stringify({ images, ontology }),
      headers: { 'content-type': 'application/json', 'x-request-id': 'same' },
    };
    contents.set(`/predict/batch, ontology ${i}`, await (await fetch(`${url}/predict/batch`, request)).text());
  }
}

const [other] = process.argv.slice(2);
if (other === undefined) throw new Error('Name the other checkout: npx tsx test/bench/same-bytes.ts <folder>');
await withFolder(async (folder) => {
  // Both write to the same place, since run.json and the links of YOLO hold absolute paths.
  const before = await contentsOf(resolve(other), join(folder, 'run'));
  await rm(join(folder, 'run'), { recursive: true });
  const now = await contentsOf(ROOT, join(folder, 'run'));
  const names = [...new Set([...before.keys(), ...now.keys()])].sort();
  const differing = names.filter((name) => before.get(name) !== now.get(name));
  for (const name of differing) {
    const state = !before.has(name) ? 'only here' : !now.has(name) ? 'only there' : 'differs';
    process.stdout.write(`${state}: ${name}\n`);
  }
  process.stdout.write(`${names.length} files and answers compared, ${differing.length} differ\n`);
  if (differing.length > 0) process.exitCode = 1;
});
