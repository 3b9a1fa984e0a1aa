import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../../support/model/golden.js';

it('the Docker Compose override in serve.md sends calls of CVAT and its worker through the dashboard', async () => {
  const page = await readFile(join(ROOT, 'fixtures/docs/serve.md'), 'utf8');
  const [, indented = ''] = /```yaml\n( *# docker-compose\.override\.yml\n[^]*?)```/.exec(page) ?? [];
  const { services } = parse(indented) as { services: Record<string, { environment: Record<string, string> }> };
  expect(Object.keys(services)).toEqual(['cvat_server', 'cvat_worker_annotation']);
  for (const service of Object.values(services)) {
    expect(service).toEqual({
      environment: {
        CVAT_SERVERLESS: '1',
        CVAT_NUCLIO_INVOKE_METHOD: 'dashboard',
        CVAT_NUCLIO_HOST: 'host.docker.internal',
        CVAT_NUCLIO_PORT: '8000',
      },
      extra_hosts: ['host.docker.internal:host-gateway'],
    });
  }
});
