import type { FastifyInstance } from 'fastify';

/** Of the methods that routes have. Fastify adds HEAD to every GET, and CORS adds OPTIONS. */
const METHODS = ['GET', 'POST'] as const;

/**
 * Knows all routes that are registered from now on.
 *
 * @returns The methods that the routes of a path take, parameters in their addresses included; none where no route is
 */
export function collectMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { methods: readonly string[]; pattern: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    routes.push({ methods: [method].flat(), pattern: patternOf(url) });
  });
  return (path) => {
    const ofPath = routes.filter(({ pattern }) => pattern.test(path));
    return METHODS.filter((method) => ofPath.some(({ methods }) => methods.includes(method)));
  };
}

/** A route's address with `:parameters`, or with `*` for everything below it. */
function patternOf(url: string): RegExp {
  const steps = url.split('/').map((step) => {
    if (step === '*') return '.*';
    return step.startsWith(':') ? '[^/]+' : step.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${steps.join('/')}$`);
}
