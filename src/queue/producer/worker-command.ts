import type { FetchSettings } from '../../images/remote/fetch-settings.js';
import type { EngineInput } from '../../workers/start-engine.js';
import type { Connection } from '../redis/connection.js';
import type { QueuedJob } from './run-entry.js';

/** Hosts that are named; a run over more has its images on the web at large. */
const NAMED_HOSTS = 8;

/** How to start a worker for a run. Not the address as it was given, which may have a password. */
export function describeWorkerCommand({ name }: Connection, job: QueuedJob, input: EngineInput): string {
  const { queue, exampleFolder, ontology } = job;
  const scheme = queue.address.tls ? 'rediss' : 'redis';
  const hasExamples = ontology.queries.some(({ example }) => example !== undefined);
  const folders = [
    ...(input.imageFolder === undefined ? [] : [input.imageFolder]),
    ...(hasExamples ? [exampleFolder] : []),
  ];
  const roots = folders.map((folder) => ` --root ${JSON.stringify(folder)}`).join('');
  const remote = input.hosts === undefined ? '' : describeRemote(input.hosts, job.fetch);
  const login = queue.address.password === undefined ? '' : ' (with its password in PREANNOTATE_QUEUE)';
  return `preannotate worker --queue ${scheme}://${name}${roots}${remote}${login}`;
}

/** What workers need to fetch from the same servers as this machine would. */
function describeRemote(hosts: readonly string[], { allowPrivate, s3 }: FetchSettings): string {
  const buckets = hosts.filter((host) => host.startsWith('s3:'));
  const servers = hosts.filter((host) => !host.startsWith('s3:')).map((origin) => new URL(origin).host);
  const allowed = [...(servers.length > NAMED_HOSTS ? ["'*'"] : new Set(servers)), ...buckets];
  return [
    ...allowed.map((host) => ` --allow-host ${host}`),
    ...(allowPrivate && servers.length > 0 ? [' --allow-private'] : []),
    ...(buckets.length > 0 && s3.endpoint !== undefined ? [` --s3-endpoint ${new URL(s3.endpoint).origin}`] : []),
    ...(buckets.length > 0 && s3.pathStyle ? [' --s3-path-style'] : []),
    ...(buckets.length > 0 && s3.unsigned ? [' --s3-no-sign-request'] : []),
  ].join('');
}
