import { PreannotateError } from '../../../core/errors.js';
import { parseHubReference, type HubReference } from '../../../hub/reference.js';
import { findLocalFolder } from '../../../model/source.js';

/** @throws PreannotateError USAGE for a folder or the built-in model: neither is managed in the cache. */
export function parseCachedReference(reference: string): HubReference {
  if (!/^[./\\~]/.test(reference) && !reference.startsWith('builtin:')) return parseHubReference(reference);
  const folder = findLocalFolder(reference);
  throw new PreannotateError({
    code: 'USAGE',
    message: `${reference} is not a model in the cache of the hub${folder === undefined ? '' : `, but ${folder}`}.`,
    hint: 'Give org/name or org/name@revision. List the models in the cache: preannotate models list',
  });
}
