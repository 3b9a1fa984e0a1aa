import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { FIXTURES } from '../model/golden.js';
import { configOf, DEPLOY } from './dockerfile.js';
import { readDeployFile } from './shell-steps.js';

/** A call of preannotate: its command and arguments. */
export interface CommandLine {
  readonly file: string; // below fixtures
  readonly args: readonly string[];
}

/** A Job, a Deployment or a Service of Kubernetes, as far as tests read it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly completions?: number;
    readonly template?: { readonly metadata?: { labels: Record<string, string> }; readonly spec: PodSpec };
    readonly selector?: { readonly matchLabels?: Record<string, string> };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly podFailurePolicy?: { rules: readonly { onExitCodes?: { containerName: string; values: number[] } }[] };
  };
}

interface PodSpec {
  readonly restartPolicy?: string;
  readonly containers: readonly KubernetesContainer[];
  readonly initContainers?: readonly KubernetesContainer[];
  readonly volumes: readonly { readonly name: string }[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

/** A container of a pod. */
export interface KubernetesContainer {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

/** The objects of a file in fixtures/deploy/kubernetes. */
export function readKubernetes(name: string): KubernetesObject[] {
  const text = readFileSync(join(DEPLOY, 'kubernetes', name), 'utf8');
  return parseAllDocuments(text, { merge: true }).map((document) => document.toJS() as KubernetesObject);
}

/** The containers of a pod, those that come first included. */
export function containersOf({ spec }: KubernetesObject): KubernetesContainer[] {
  const pod = spec.template?.spec;
  return pod === undefined ? [] : [...(pod.initContainers ?? []), ...pod.containers];
}

/** A service of compose.yaml. */
export interface ComposeService {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly deploy?: { readonly replicas: number };
}

export function readCompose(): Readonly<Record<string, ComposeService>> {
  return (readDeployFile('compose.yaml') as { services: Record<string, ComposeService> }).services;
}

/** Every call of preannotate in fixtures/deploy and on its pages of documentation. */
export function allCommandLines(): CommandLine[] {
  const texts = readdirSync(DEPLOY, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const pages = ['ci.md', 'container.md'].map((name) => join(FIXTURES, 'docs', name));
  const shell = [...texts, ...pages].flatMap((path) =>
    shellCommandLines(readFileSync(path, 'utf8')).map((args) => ({ file: path.slice(FIXTURES.length), args })),
  );
  const pods = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((name) =>
    readKubernetes(name)
      .flatMap(containersOf)
      .map(({ args }) => ({ file: name, args })),
  );
  const services = Object.values(readCompose()).filter(({ image }) => image === 'preannotate');
  const images = [...services.map(({ command }) => command), configOf('serve').cmd, configOf('cli').cmd];
  return [...shell, ...pods, ...images.map((args) => ({ file: 'compose.yaml, Dockerfile', args }))];
}

/** `preannotate command --option`, also of an image of that name; a call ends where its line or command does. */
function shellCommandLines(text: string): string[][] {
  const lines = text.replaceAll(/\\\n\s*/g, '');
  const calls = lines.matchAll(/(?:^|[\s`/(])preannotate(?:-serve|:cuda)? ([a-z]+[^\n|;&#`…]*)/gm);
  return [...calls].map(([, call]) => call!.trim().split(/\s+/));
}
