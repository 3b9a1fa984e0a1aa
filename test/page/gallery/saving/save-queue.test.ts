import { afterEach, describe, expect, it, vi } from 'vitest';
import { RequestProblem } from '../../../../src/page/gallery/saving/request-problem.js';
import { drawn, GONE, openQueue, set, settle } from './open-queue.js';

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
    expect([told, queue.count, boxesOf('1.png')]).toEqual([['unreachable'], 1, [drawn('a')]]);
    while (server.received.length < 2) await settle();
    await server.answer();
    expect([told, queue.count]).toEqual([['unreachable', 'none'], 0]);
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
    expect([told, boxesOf('1.png'), boxesOf('2.png')]).toEqual([
      ['none', 'There is no class pallet.'],
      [],
      [drawn('b')],
    ]);
    await server.answer();
    expect([queue.count, server.decisions.get('2.png')!.boxes]).toEqual([0, [drawn('b')]]);
  });
});

describe('changes that the server does not save', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const READ_ONLY = new RequestProblem('blocked', 'A run is writing into the folder.');

  it('because it only reads stay in their order, and are sent when a person asks for it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { server, queue, told, boxesOf } = openQueue();
    for (const image of ['1.png', '2.png', '3.png']) queue.push(image, set('a'));
    await server.fail(READ_ONLY);
    queue.push('1.png', set('b'));
    expect(vi.getTimerCount()).toBe(0); // nothing is tried again by itself
    expect([told, queue.count, server.received.length]).toEqual([['blocked'], 4, 1]);
    expect(boxesOf('1.png')).toEqual([drawn('a'), drawn('b')]);
    queue.retry();
    while (queue.count > 0) await server.answer();
    expect([...server.decisions.values()].map(({ boxes }) => boxes.length)).toEqual([2, 1, 1]);
  });

  it('because of one of several steps that were joined are sent one by one: that one alone is refused', async () => {
    const { server, queue, told, boxesOf } = openQueue();
    queue.push('1.png', set('z'));
    queue.push('1.png', set('a', 1));
    queue.push('1.png', set('a', 2)); // is refused
    queue.push('1.png', set('b'));
    await server.answer();
    expect(server.received[1]!.changes).toEqual([...set('a', 2), ...set('b')]);
    await server.fail(new RequestProblem('refused', 'There is no class pallet.'));
    expect([queue.count, boxesOf('1.png')]).toEqual([3, [drawn('z'), drawn('a', 2), drawn('b')]]);
    await server.answer();
    await server.fail(new RequestProblem('refused', 'There is no class pallet.'));
    await server.answer();
    expect([queue.count, told.filter((one) => one !== 'none')]).toEqual([0, ['There is no class pallet.']]);
    expect(server.decisions.get('1.png')!.boxes).toEqual([drawn('z'), drawn('a', 1), drawn('b')]);
  });

  it('because of a fault are tried three times, and do not keep those after them from being saved', async () => {
    const { server, queue, told } = openQueue();
    queue.push('1.png', set('a'));
    queue.push('2.png', set('a'));
    for (let i = 1; i <= 3; i++) {
      while (server.received.length < i) await settle();
      await server.fail(new RequestProblem('fault', 'The server failed.'));
    }
    await server.answer();
    expect([told, queue.count]).toEqual([['fault', 'fault', 'none', 'The server failed.', 'none'], 0]);
    expect([...server.decisions.keys()]).toEqual(['2.png']);
  });

  it('because the disk is full are tried again by themselves, for as long as it takes', async () => {
    const { server, queue, told } = openQueue();
    queue.push('1.png', set('a'));
    for (let i = 1; i <= 5; i++) {
      while (server.received.length < i) await settle();
      await server.fail(new RequestProblem('busy', 'The disk is full.'));
    }
    while (server.received.length < 6) await settle();
    await server.answer();
    expect([told.at(-1), queue.count]).toEqual(['none', 0]);
  });
});

describe('decisions from another tab', () => {
  it('are shown with the changes of this one on top', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('mine'));
    queue.receive('1.png', server.decide('1.png', set('theirs')));
    expect(boxesOf('1.png').map(({ id }) => id)).toEqual(['theirs', 'mine']);
    await server.answer();
    expect(boxesOf('1.png').map(({ id }) => id)).toEqual(['theirs', 'mine']);
  });

  it('are reported where they are about a box that this one is changing, which comes last and stays', async () => {
    const { server, queue, overwrote, boxesOf } = openQueue();
    queue.push('1.png', set('a', 5));
    queue.receive('1.png', server.decide('1.png', set('a', 7)));
    expect([boxesOf('1.png'), overwrote]).toEqual([[drawn('a', 5)], []]);
    await server.answer();
    expect([server.decisions.get('1.png')!.boxes, boxesOf('1.png')]).toEqual([[drawn('a', 5)], [drawn('a', 5)]]);
    expect(overwrote).toEqual([{ author: 'A', change: set('a', 7)[0] }]);
  });

  it('are no surprise when they are its own, or older than what is known', async () => {
    const { server, queue, overwrote, boxesOf } = openQueue();
    queue.push('1.png', set('a', 5));
    const old = server.decide('1.png', set('a', 1));
    const own = server.decide('1.png', set('a', 5));
    queue.receive('1.png', own);
    queue.receive('1.png', old);
    expect(boxesOf('1.png')).toEqual([drawn('a', 5)]);
    await server.answer();
    expect(overwrote).toEqual([]);
  });
});

describe('a step', () => {
  it('says what was shown when it was made, not what is known when it is sent', async () => {
    const { server, queue, overwrote } = openQueue();
    queue.receive('1.png', server.decide('1.png', set('a', 1)));
    queue.push('1.png', set('b', 1));
    queue.push('1.png', set('a', 2)); // waits
    queue.receive('1.png', server.decide('1.png', set('a', 9)));
    queue.push('1.png', set('a', 3)); // has seen it
    await server.answer();
    await server.answer();
    expect(overwrote).toHaveLength(1);
    await server.answer();
    expect(server.received.map(({ id, base }) => [id, base])).toEqual([
      ['mine-1', 1],
      ['mine-2', 1],
      ['mine-3', 2],
    ]);
    expect([queue.count, overwrote.length]).toEqual([0, 1]);
  });

  it('whose answer was lost is sent again under its number, alone, and applied once', async () => {
    const { server, queue, boxesOf } = openQueue();
    queue.push('1.png', set('a', 1));
    const { id } = server.received[0]!;
    server.decide('1.png', set('a', 1), { id, base: 0 }); // arrives
    await server.fail(GONE);
    queue.push('1.png', set('b'));
    queue.receive('1.png', server.decide('1.png', set('a', 9))); // of another page, later
    expect(boxesOf('1.png')).toEqual([drawn('a', 1), drawn('b')]);
    queue.retry();
    await server.answer();
    await server.answer();
    expect(server.received.map((sent) => sent.id)).toEqual([id, id, 'mine-2']);
    expect(server.decisions.get('1.png')!.boxes).toEqual([drawn('a', 9), drawn('b')]);
    expect(boxesOf('1.png')).toEqual([drawn('a', 9), drawn('b')]);
  });
});
