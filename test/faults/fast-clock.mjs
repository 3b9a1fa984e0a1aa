// Loaded with `node --import`: in the server's own process, seconds pass CLOCK_RATE times as fast; its workers keep
// real time.
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import timers from 'node:timers/promises';

if (basename(process.argv[1] ?? '') === 'preannotate.js') {
  const rate = Number(process.env.CLOCK_RATE);
  const { now } = performance;
  performance.now = () => now.call(performance) * rate;
  for (const name of ['setTimeout', 'setInterval']) {
    const set = globalThis[name];
    globalThis[name] = (callback, ms, ...rest) => set(callback, ms / rate, ...rest);
  }
  const { setTimeout: sleep } = timers;
  timers.setTimeout = (ms, ...rest) => sleep(ms / rate, ...rest);
  const { setTimeout: setSocketTimeout } = Socket.prototype;
  Socket.prototype.setTimeout = function (ms, ...rest) {
    return setSocketTimeout.call(this, ms / rate, ...rest);
  };
  // Node looks for slow headers by a clock of its own.
  const faster = ({ headersTimeout, connectionsCheckingInterval, ...rest }) => ({
    ...rest,
    headersTimeout: Math.ceil(headersTimeout / rate),
    connectionsCheckingInterval: Math.ceil(connectionsCheckingInterval / rate),
  });
  for (const module of [http, https]) {
    const { createServer } = module;
    module.createServer = (options, ...rest) => createServer(faster(options), ...rest);
  }
  syncBuiltinESMExports();
}
