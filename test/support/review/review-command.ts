import { once } from 'node:events';
import { Running } from '../cli.js';

/** A running `preannotate review`, with the cookie of its link. */
export class ReviewCommand implements AsyncDisposable {
  readonly running: Running;
  readonly link: string;
  readonly #cookie: string;

  private constructor(running: Running, link: string, cookie: string) {
    this.running = running;
    this.link = link;
    this.#cookie = cookie;
  }

  static async start(outDir: string, flags: readonly string[] = []): Promise<ReviewCommand> {
    const running = new Running(['review', outDir, '--json', ...flags]);
    while (!running.stdout.includes('}')) {
      if (running.child.exitCode !== null) throw new Error(`review ended: ${running.stderr}`);
      await Promise.race([once(running.child.stdout!, 'data'), once(running.child, 'exit')]);
    }
    const { link } = JSON.parse(running.stdout) as { link: string };
    const answer = await fetch(link, { redirect: 'manual' });
    const cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0]!);
    return new ReviewCommand(running, link, cookie.join('; '));
  }

  get(path: string): Promise<Response> {
    return fetch(new URL(path, this.link), { headers: { cookie: this.#cookie } });
  }

  async json<Value>(path: string): Promise<Value> {
    return (await (await this.get(path)).json()) as Value;
  }

  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(new URL(path, this.link), {
      method: 'POST',
      headers: { cookie: this.#cookie, 'content-type': 'application/json', origin: new URL(this.link).origin },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.child.kill('SIGTERM');
    await this.running.finished();
  }
}
