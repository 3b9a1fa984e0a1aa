import type { Loaded } from '../config/load.js';
import type { ExportConfig, MergeConfig, ReviewConfig, RunConfig } from '../config/schema.js';
import type { TakeOverRule } from '../run/lock/output-lock.js';

/** Whether a command takes an output folder from another that may have ended. */
export function takeOverRuleOf({
  settings,
}: Loaded<typeof RunConfig | typeof ExportConfig | typeof MergeConfig | typeof ReviewConfig>): TakeOverRule {
  const { forceUnlock: force, takeOverAfter: afterMs } = settings;
  return { force, ...(afterMs === undefined ? {} : { afterMs }) };
}
