import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { journalled, preannotate, Running, SCENES } from '../support/cli.js';
import { containersOf, readCompose, readKubernetes } from '../support/deploy/command-lines.js';
import { ROOT } from '../support/model/golden.js';
import { TestServer } from '../support/server.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';

describe.skipIf(!hasRedis)('the commands of fixtures/deploy/compose.yaml (needs redis-server)', () => {
  it('annotate the photos with two workers, which end on SIGTERM', async () => {
    const folder = await temporaryFolder();
    const scenes = (await readdir(SCENES)).filter((name) => /^scene-.*\.jpg$/.test(name));
    for (const name of scenes) await cp(join(SCENES, name), join(folder, 'photos', name));
    await cp(join(ROOT, 'ontologies/emoji.yaml'), join(folder, 'bottles.yaml'));
    const { redis: database, run, worker } = readCompose();
    const redis = await RedisServer.start({ config: database!.command.slice(1) });
    const commands = [run!, worker!].map(({ command, environment }) => {
      expect(environment).toMatchObject({ PREANNOTATE_QUEUE: 'redis://redis:6379' });
      return command.map((arg) => (arg === '/data' ? folder : arg));
    });
    const env = { PREANNOTATE_QUEUE: redis.url, PREANNOTATE_MODEL: 'builtin:emoji' };
    const workers = Array.from({ length: worker!.deploy!.replicas }, () => new Running(commands[1]!, { env }));
    onTestFinished(() => workers.forEach(({ child }) => void child.kill('SIGKILL')));
    const { code, stderr } = await preannotate(commands[0]!, { cwd: folder, env });
    expect(code, stderr).toBe(0);
    expect(await journalled(join(folder, 'drafts'))).toHaveLength(scenes.length);
    for (const { child } of workers) child.kill('SIGTERM');
    for (const each of workers) expect(await each.finished()).toMatchObject({ code: 143 });
  });
});

describe('the server of fixtures/deploy/kubernetes/serve.yaml', () => {
  it('answers its probes without a key, and others with one of the Secret', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'preannotate'));
    await cp(join(ROOT, 'ontologies/emoji.yaml'), join(folder, 'preannotate/ontology.yaml'));
    await mkdir(join(folder, 'preannotate-keys'));
    await writeFile(join(folder, 'preannotate-keys/keys.txt'), 'one\n');
    const [container] = containersOf(readKubernetes('serve.yaml')[0]!);
    const [command, ...args] = container!.args;
    expect(command).toBe('serve');
    await using server = await TestServer.ready({
      model: ['--model', 'builtin:emoji'],
      args: args.map((arg) => arg.replace('=/etc/', `=${folder}/`).replace('=0.0.0.0', '=127.0.0.1')),
    });
    const probes = [container!.startupProbe, container!.readinessProbe, container!.livenessProbe];
    for (const probe of probes) {
      const { httpGet } = probe!;
      expect(httpGet.port).toBe(container!.ports![0]!.name);
      expect((await fetch(`${server.url}${httpGet.path}`)).status).toBe(200);
    }
    expect((await fetch(`${server.url}/info`)).status).toBe(401);
    expect((await fetch(`${server.url}/info`, { headers: { 'X-API-Key': 'one' } })).status).toBe(200);
  });
});
