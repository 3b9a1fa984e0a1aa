import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePack, type GalleryPack } from '../../../src/core/gallery/pack.js';
import type { Change, Decision } from '../../../src/core/review/decision.js';
import { EMOJI, preannotate, Running, SCENES, type Finished } from '../cli.js';
import { temporaryFolder } from '../temporary.js';

/** Runs the builtin model over the sample scenes. @returns The output folder, which is to be copied by tests */
export async function runScenes(folder: string): Promise<string> {
  const out = join(folder, 'drafts');
  await cp(SCENES, join(folder, 'photos'), { recursive: true });
  const { code, stderr } = await preannotate(['run', join(folder, 'photos'), ...EMOJI, '--out', out, '--quiet']);
  if (code !== 0) throw new Error(stderr);
  return out;
}

/** A copy of a run, with its images. @param out - As {@link runScenes} returns it. */
export async function copyRun(out: string): Promise<string> {
  const folder = await temporaryFolder();
  const filter = (path: string) => !/\.preannotate\/(lock|review\.json|review-link)/.test(path); // of reviews
  await cp(join(out, '..'), folder, { recursive: true, verbatimSymlinks: true, filter });
  return join(folder, 'drafts');
}

/** `preannotate review` as a user would start it, on a free port. */
export class TestReview implements AsyncDisposable {
  readonly running: Running;
  cookie = '';
  readonly #finished: Promise<Finished>;

  constructor(outDir: string, args: readonly string[] = [], options: ConstructorParameters<typeof Running>[1] = {}) {
    this.running = new Running(['review', outDir, ...args], options);
    this.#finished = this.running.finished();
  }

  /** Starts one, waits until it prints its link, and opens that. */
  static async opened(...given: ConstructorParameters<typeof TestReview>): Promise<TestReview> {
    const review = new this(...given);
    await review.open();
    return review;
  }

  async open(): Promise<void> {
    await this.printed();
    const response = await fetch(this.link, { redirect: 'manual' });
    this.cookie = response.headers.get('set-cookie')!.split(';')[0]!;
  }

  /** Waits until it prints its link. */
  async printed(): Promise<void> {
    let ended: Finished | undefined;
    void this.#finished.then((finished) => (ended = finished));
    while (!/token=/.test(this.running.stdout)) {
      if (ended !== undefined) throw new Error(`it has ended: ${this.running.stderr}`);
      await sleep(20);
    }
  }

  /** That it has printed. */
  get link(): string {
    return /http\S+token=[\w-]+/.exec(this.running.stdout)![0];
  }

  get origin(): string {
    return new URL(this.link).origin;
  }

  /** Sends a request with the cookie. */
  get(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { cookie: this.cookie, ...(init.headers as Record<string, string> | undefined) };
    return fetch(`${this.origin}${path}`, { redirect: 'manual', ...init, headers });
  }

  async json(path: string): Promise<unknown> {
    return await (await this.get(path)).json();
  }

  async pack(): Promise<GalleryPack> {
    return decodePack(new Uint8Array(await (await this.get('/api/pack')).arrayBuffer()));
  }

  /** Sends a decision. */
  post(image: unknown, changes: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const body = JSON.stringify({ image, changes });
    return this.get('/api/decisions', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async save(image: number, changes: readonly Change[]): Promise<Decision> {
    const response = await this.post(image, changes);
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Decision;
  }

  /** Asks it to stop. */
  async stopped(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.running.child.kill(signal);
    return await this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopped('SIGKILL');
  }
}

/** Reads server-sent events. */
export async function* readEvents(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const fieldOf = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [event, data] = [fieldOf('event'), fieldOf('data')];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
