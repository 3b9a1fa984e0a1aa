import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { validate } from '../../request/content/validate.js';
import { receiveJson } from '../../request/receive.js';
import type { ServerState } from '../../request/server-state.js';
import { OPERATIONS } from './operations.js';
import { modelNameOf } from './project.js';

/** More projects than one Label Studio has in use. */
const MAX_PROJECTS = 1000;

const MAX_ID_CHARACTERS = 200;

const Query = z.object({ project: z.unknown().optional() });

/** The version that each project was told last. */
export class ProjectVersions {
  readonly #versions = new Map<string, string>(); // by the project's id, the oldest first

  set(project: unknown, version: string): void {
    const id = toId(project);
    if (id === undefined) return;
    this.#versions.delete(id);
    this.#versions.set(id, version);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > MAX_PROJECTS) this.#versions.delete(oldest!);
  }

  /** Of a project; for an unknown one, of all projects. */
  list(project: unknown): string[] {
    const version = this.#versions.get(toId(project) ?? '');
    return version === undefined ? [...new Set(this.#versions.values())] : [version];
  }
}

function toId(project: unknown): string | undefined {
  return typeof project === 'string' || typeof project === 'number'
    ? String(project).slice(0, MAX_ID_CHARACTERS)
    : undefined;
}

/** The routes that list versions: Label Studio posts the project's id, its ML backends also answer to GET. */
export function registerVersions(app: FastifyInstance, server: ServerState, versions: ProjectVersions): void {
  const list = (given: unknown) => {
    const known = versions.list(validate(Query, given).project);
    return { versions: known.length === 0 ? [modelNameOf(server)] : known };
  };
  const config = { operation: OPERATIONS.versions };
  app.get('/label-studio/versions', { config }, ({ query }) => list({ ...(query as object) }));
  app.post('/label-studio/versions', { config: { operation: OPERATIONS.versionsOf } }, async (request) =>
    list(await receiveJson(request, server)),
  );
}
