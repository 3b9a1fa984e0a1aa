import { onTestFinished } from 'vitest';
import type { Failure } from '../../src/core/errors.js';
import { PendingDetection } from '../../src/workers/pending-detection.js';
import type { WorkerSettings } from '../../src/workers/protocol.js';
import type { SupervisorEvents } from '../../src/workers/supervisor-events.js';
import { WorkerSupervisor } from '../../src/workers/supervisor.js';
import { FakeTransport, settle } from './fake-transport.js';

/** A supervisor of fake workers, and the names of the events that it reported. */
export async function supervise({
  stallTimeoutSec,
  isReady = true,
}: { stallTimeoutSec?: number; isReady?: boolean } = {}) {
  const transport = new FakeTransport();
  if (!isReady) transport.onStart = () => {};
  const reported: string[] = [];
  const failures: Failure[] = [];
  const events: SupervisorEvents<WorkerSupervisor> = {
    available: () => reported.push('available'),
    imagesLost: (images) => reported.push(`lost ${images.map(({ image }) => image.name).join(' ')}`),
    diedIdle: () => reported.push('died idle'),
    finished: ({ images }) => reported.push(`finished ${images}`),
    encodes: () => reported.push('encodes'),
    noticed: (message) => reported.push(message),
    hasAnyOpened: () => isReady,
    gaveUp: (failure) => failures.push(failure),
  };
  const settings = { maxBatchSize: 8 } as WorkerSettings; // a fake worker reads nothing of the rest
  const supervisor = new WorkerSupervisor({ provider: 'cpu' }, { settings, transport, stallTimeoutSec }, events);
  onTestFinished(() => supervisor[Symbol.asyncDispose]());
  await settle();
  return { supervisor, transport, reported, failures };
}

export function pendingImage(
  name: string,
  { key = 'a', signal = new AbortController().signal } = {},
): PendingDetection {
  const pending = new PendingDetection({ name }, { key, embeddings: BANK, classIds: [0], examples: [] }, signal);
  pending.answer.catch(() => {}); // cancelled by the test
  return pending;
}

export const BANK = new Float32Array(4);
