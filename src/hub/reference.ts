import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';

/** A model on the hub. */
export interface HubReference {
  readonly repo: string; // org/name
  readonly revision: string; // branch, tag or commit
}

const DEFAULT_REVISION = 'main';
const MAX_ID_LENGTH = 96; // the hub's own limit
const MAX_REVISION_LENGTH = 250;

/** The hub's naming rule. `--` would be ambiguous in the cache, whose folders are named models--org--name. */
const REPO = /^(?!.*(?:--|\.\.))[\w-][\w.-]*\/[\w-][\w.-]*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Reads `org/name` or `org/name@revision`.
 *
 * @throws PreannotateError MODEL_NOT_FOUND for anything else, so that no name can resolve to a path outside the cache.
 */
export function parseHubReference(text: string): HubReference {
  const at = text.indexOf('@');
  const repo = at === -1 ? text : text.slice(0, at);
  const revision = at === -1 ? DEFAULT_REVISION : text.slice(at + 1);
  if (!REPO.test(repo) || repo.length > MAX_ID_LENGTH) {
    throw new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message: `The model "${printable(text)}" is neither a folder on this machine nor a hub id.`,
      hint:
        'Give a hub id such as google/owlvit-base-patch32, the folder of a checkpoint, ' +
        'or builtin:emoji to try the tool.',
    });
  }
  if (!isSafePath(revision) || revision.length > MAX_REVISION_LENGTH) {
    throw new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message: `"${printable(revision)}" is not a valid revision of ${repo}.`,
      hint: `Give a branch, a tag or a commit after the @, or leave it out to use ${DEFAULT_REVISION}.`,
    });
  }
  return { repo, revision };
}

/** Formats a reference in its shortest form. */
export function formatHubReference({ repo, revision }: HubReference): string {
  return revision === DEFAULT_REVISION ? repo : `${repo}@${revision}`;
}

/** Whether a revision is a full commit hash, which always means the same files. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** Whether an untrusted path stays inside the folder that it is joined to, on every operating system. */
export function isSafePath(path: string): boolean {
  if (/[\\:*?"<>|\u0000-\u001f\u007f]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && !part.startsWith('..') && part !== '.' && !part.endsWith('.'));
}
