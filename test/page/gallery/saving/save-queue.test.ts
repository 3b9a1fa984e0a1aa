import { describe, expect, it } from 'vitest';
import { applyChanges, type Change, type DecidedBox, type Decision } from '../../../../src/core/review/decision.js';
import { ServerUnreachable } from '../../../../src/page/gallery/backend.js';
import { SaveQueue } from '../../../../src/page/gallery/saving/save-queue.js';

const UNDECIDED = { state: 'open' as const, boxes: [] };

function drawn(id: string, x = 0): DecidedBox {
  return { id, status: 'drawn', class: 'pallet', box: [x, 0, x + 10, 10] };
}

function set(id: string, x = 0): Change[] {
  return [{ op: 'set', box: drawn(id, x) }];
}

/** What a server does with changes, when it is told to answer. */
class Server {
  readonly decisions = new Map<string, Decision>();
  readonly received: { readonly image: string; readonly changes: readonly Change[] }[] = [];
  readonly #waiting: { answer(): void; fail(error: Error): void }[] = [];
  #revision = 0;

  readonly save = (image: string, changes: readonly Change[]): Promise<Decision> => {
    this.received.push({ image, changes });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ answer: () => resolve(this.decide(image, changes)), fail: reject });
    });
  };

  decide(image: string, changes: readonly Change[]): Decision {
    const next = applyChanges(this.decisions.get(image) ?? UNDECIDED, changes);
    const decision = { image, sha256: 'a', revision: ++this.#revision, author: 'A', at: '', ...next };
    this.decisions.set(image, decision);
    return decision;
  }

  async answer(): Promise<void> {
    this.#waiting.shift()!.answer();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    this.#waiting.shift()!.fail(error);
    await settle();
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function openQueue() {
  const server = new Server();
  const told: (boolean | string)[] = [];
  const queue = new SaveQueue({
    save: server.save,
    onChange: () => {},
    onConnected: (isConnected) => told.push(isConnected),
    onRefused: (message) => told.push(message),
    retryMs: [5, 10],
  });
  const boxesOf = (image: string) => {
    const nothing = { image: '', sha256: '', revision: 0, author: '', at: '' };
    return queue.decisionOn(image, () => ({ ...nothing, ...UNDECIDED }))?.boxes ?? [];
  };
  return { server, queue, told, boxesOf };
}

const GONE = new ServerUnreachable('The server does not answer.');

describe('changes on their way to the server', () => {
  it('are shown at once and saved only after the answer, one after the other', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('a'));
    queue.push('2.png', set('b'));
    expect(boxesOf('1.png')).toEqual([drawn('a')]);
    expect([queue.count, server.received.length]).toEqual([2, 1]);
    await server.answer();
    expect([queue.count, server.received.length]).toEqual([1, 2]);
    await server.answer();
    expect([queue.count, server.received.map(({ image }) => image)]).toEqual([0, ['1.png', '2.png']]);
    expect(boxesOf('1.png')).toEqual([drawn('a')]);
  });

  it('are joined while they wait: of the moves of one box, the last is sent', async () => {
    const { server, queue } = openQueue();
    for (let x = 0; x < 10; x++) queue.push('1.png', set('a', x));
    queue.push('1.png', [{ op: 'state', state: 'accepted' }]);
    await server.answer();
    expect(server.received[1]!.changes).toEqual([...set('a', 9), { op: 'state', state: 'accepted' }]);
    await server.answer();
    expect([queue.count, server.received.length]).toEqual([0, 2]);
  });

  it('are kept when the server does not answer, and tried again by themselves', async () => {
    const { server, queue, told, boxesOf } = openQueue();
    queue.push('1.png', set('a'));
    await server.fail(GONE);
    expect([told, queue.count, boxesOf('1.png')]).toEqual([[false], 1, [drawn('a')]]);
    while (server.received.length < 2) await settle();
    await server.answer();
    expect([told, queue.count]).toEqual([[false, true], 0]);
  });

  it('are tried again at once when the connection is back, in their order', async () => {
    const { server, queue } = openQueue();
    queue.push('1.png', set('a'));
    await server.fail(GONE);
    queue.push('1.png', set('b'));
    expect(server.received).toHaveLength(1);
    queue.retry();
    expect(server.received).toHaveLength(2);
    while (queue.count > 0) await server.answer();
    expect(server.decisions.get('1.png')!.boxes).toEqual([drawn('a'), drawn('b')]);
  });

  it('are given up when the server refuses them, with the reason; the others go on', async () => {
    const { server, queue, told, boxesOf } = openQueue();
    queue.push('1.png', set('a'));
    queue.push('2.png', set('b'));
    await server.fail(new Error('There is no class pallet.'));
    expect([told, boxesOf('1.png'), boxesOf('2.png')]).toEqual([[true, 'There is no class pallet.'], [], [drawn('b')]]);
    await server.answer();
    expect([queue.count, server.decisions.get('2.png')!.boxes]).toEqual([0, [drawn('b')]]);
  });
});

describe('decisions from another tab', () => {
  it('are shown with the changes of this one on top', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('mine'));
    expect(queue.receive('1.png', server.decide('1.png', set('theirs')))).toEqual([]);
    expect(boxesOf('1.png').map(({ id }) => id)).toEqual(['theirs', 'mine']);
    await server.answer();
    expect(boxesOf('1.png').map(({ id }) => id)).toEqual(['theirs', 'mine']);
  });

  it('are reported where they are about a box that this one is changing, which comes last and stays', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('a', 5));
    expect(queue.receive('1.png', server.decide('1.png', set('a', 7)))).toEqual([drawn('a', 7)]);
    await server.answer();
    expect([server.decisions.get('1.png')!.boxes, boxesOf('1.png')]).toEqual([[drawn('a', 5)], [drawn('a', 5)]]);
  });

  it('are no surprise when they are its own, or older than what is known', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('a', 5));
    const old = server.decide('1.png', set('a', 1));
    const own = server.decide('1.png', set('a', 5));
    expect(queue.receive('1.png', own)).toEqual([]);
    expect(queue.receive('1.png', old)).toEqual([]);
    expect(boxesOf('1.png')).toEqual([drawn('a', 5)]);
    await server.answer();
  });
});
