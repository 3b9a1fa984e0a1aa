import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Operation } from '../../../http/operation.js';
import type { ServerState } from '../../request/server-state.js';
import { annotateTasks } from './annotate-tasks.js';
import { createLabelStudioHost } from './label-studio-host.js';
import { OPERATIONS } from './operations.js';
import { registerSetUp } from './set-up.js';
import { ProjectVersions, registerVersions } from './versions.js';

/** The ML backend protocol of Label Studio, below the address /label-studio that a project is given. */
export function registerLabelStudio(app: FastifyInstance, server: ServerState): void {
  const host = createLabelStudioHost(server.job);
  const versions = new ProjectVersions();
  const describe = (operation: Operation | 'undocumented') => ({ config: { operation } });

  // Label Studio waits one second for this and disconnects a backend that does not answer, so no model is needed.
  const health = () => ({ status: 'UP', model_class: 'preannotate' });
  app.get('/label-studio', describe('undocumented'), health); // the same
  app.get('/label-studio/health', describe(OPERATIONS.health), health);

  registerSetUp(app, server, versions);
  registerVersions(app, server, versions);
  app.post('/label-studio/predict', describe(OPERATIONS.predict), (request) => annotateTasks(request, server, host));

  // Annotations that were made or changed. The model does not learn from them, but Label Studio expects an answer.
  const acknowledge = (_request: FastifyRequest, reply: FastifyReply) => reply.code(201).send({ status: 'ok' });
  app.post('/label-studio/webhook', describe(OPERATIONS.webhook), acknowledge);
  app.post('/label-studio/train', describe(OPERATIONS.train), acknowledge);
}
