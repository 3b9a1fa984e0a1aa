/** The child process that tries a device or loads a library: a crash ends this process only. */
import { messageOf, PreannotateError } from '../../core/errors.js';
import { dropSourcePlaces } from '../../core/text.js';
import type { FromProbe, ProbeRequest } from './probe.js';

process.on('SIGINT', () => {}); // the parent decides
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // a driver may never come back
process.on('message', (request: ProbeRequest) => {
  void answer(request).then((result) => process.send?.(result, () => process.exit(0)));
});

/** Loads only the library that the request is about, so that a broken one does not hide the others. */
async function answer(request: ProbeRequest): Promise<FromProbe> {
  try {
    switch (request.about) {
      case 'device': {
        const { tryDevice } = await import('../../model/probe.js');
        return { ok: true, facts: await tryDevice(request.device, request.optimizer) };
      }
      case 'runtime': {
        const { describeRuntime } = await import('../../model/probe.js');
        return { ok: true, facts: describeRuntime() };
      }
      case 'images': {
        const { imageLibraryVersions } = await import('../../images/libvips.js');
        return { ok: true, facts: imageLibraryVersions() };
      }
    }
  } catch (error) {
    const message = messageOf(error);
    const detail = error instanceof PreannotateError ? error.detail : message;
    return { ok: false, reason: dropSourcePlaces(message), ...(detail === undefined ? {} : { detail }) };
  }
}
