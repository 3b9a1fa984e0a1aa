import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { ServeConfig } from '../../../src/config/schema.js';

describe('the options of serve', () => {
  it('limit bodies to 32 MB by default', async () => {
    const { settings } = await loadSettings({ schema: ServeConfig, flags: {}, environment: {}, cwd: '/' });
    expect(settings.bodyLimit).toBe(32_000_000);
  });

  it.each<[flags: Record<string, string | string[]>, message: string]>([
    [{ port: '-1' }, '--port must be at least 0, not -1.'],
    [{ port: '65536' }, '--port must be at most 65535, not 65536.'],
    [{ port: '70000' }, '--port must be at most 65535, not 70000.'],
    [{ port: 'http' }, '--port must be a number, not "http".'],
    [{ devices: ['abacus'] }, '--device must be auto, or a list of devices'],
    [{ workers_per_device: '0' }, '--workers-per-device must be at least 1, not 0.'],
    [{ max_batch_size: '0' }, '--max-batch-size must be at least 1, not 0.'],
    [{ max_batch_size: '-1' }, '--max-batch-size must be at least 1, not -1.'],
    [{ batching_timeout_sec: '20', timeout_sec: '10' }, '--batching-timeout-sec is 20, '],
    [{ health_path: 'up' }, '--health-path must be a path such as /health'],
    [{ allowed_hosts: ['http://x'] }, '--allowed-hosts'],
    [{ body_limit: 'much' }, '--body-limit must be a size'],
  ])('are refused where they cannot be used, as in %j', async (flags, message) => {
    const loaded = loadSettings({ schema: ServeConfig, flags, environment: {}, cwd: '/' });
    await expect(loaded).rejects.toThrow(message);
  });
});
