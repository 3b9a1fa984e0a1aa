import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURES } from '../model/golden.js';

export const DEPLOY = join(FIXTURES, 'deploy');

/** An instruction of a Dockerfile, its lines joined. */
export interface Instruction {
  readonly name: string; // FROM, RUN …
  readonly text: string; // what follows
}

/** `FROM from AS name` and what follows. */
export interface Stage {
  readonly name: string;
  readonly from: string; // another stage, or an image
  readonly instructions: readonly Instruction[];
}

/** What a container of an image is started with. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly user: string; // uid:gid
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
  readonly volumes: readonly string[];
}

const START: ImageConfig = {
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  user: '0:0',
  workdir: '/',
  entrypoint: [],
  cmd: [],
  healthcheck: [],
  volumes: [],
};

/** The stages of fixtures/deploy/Dockerfile, whose FROM lines get the defaults of the ARGs before them. */
export function readStages(): Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  const args: Record<string, string> = {};
  for (const instruction of readInstructions()) {
    const { name, text } = instruction;
    const [from = '', , stage = ''] = text.split(' ');
    if (name === 'FROM') stages.push({ name: stage, from: substitute(from, args), instructions: [] });
    else if (stages.length === 0) Object.assign(args, readArg(text));
    else stages.at(-1)!.instructions.push(instruction);
  }
  return stages;
}

function readInstructions(): Instruction[] {
  const lines = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').split('\n');
  const text = lines.filter((line) => !line.startsWith('#')).join('\n');
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ name: /^\w+/.exec(line)![0], text: line.replace(/^\w+\s+/, '').replaceAll(/\s+/g, ' ') }));
}

/** `NAME=value`, whose quotes go. */
export function readArg(text: string): Record<string, string> {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(text) ?? [];
  return { [name]: value.replaceAll('"', '') };
}

function substitute(text: string, args: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => args[name] ?? '');
}

/** With what an instruction changes. */
export function applyConfig(config: ImageConfig, { name, text }: Instruction): ImageConfig {
  const list = () => JSON.parse(text) as string[];
  if (name === 'ENV')
    return { ...config, env: Object.assign({}, config.env, ...text.split(' ').map(readArg)) as never };
  if (name === 'USER') return { ...config, user: text };
  if (name === 'WORKDIR') return { ...config, workdir: text };
  if (name === 'ENTRYPOINT') return { ...config, entrypoint: list() };
  if (name === 'CMD') return { ...config, cmd: list() };
  if (name === 'VOLUME') return { ...config, volumes: [...config.volumes, text] };
  if (name === 'HEALTHCHECK') return { ...config, healthcheck: JSON.parse(text.slice(text.indexOf('['))) as string[] };
  return config;
}

/** What the image of a stage is started with. */
export function configOf(target: string): ImageConfig {
  const stages = readStages();
  const follow = (name: string): ImageConfig => {
    const stage = stages.find((one) => one.name === name);
    return stage === undefined ? START : stage.instructions.reduce(applyConfig, follow(stage.from));
  };
  return follow(target);
}
