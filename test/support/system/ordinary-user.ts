const NOBODY = 65_534;

/** Starts a command without the rights of root. */
export const AS_ORDINARY_USER = process.geteuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, '--clear-groups'] : [];

/** Starts a command as a user that /etc/passwd does not list; undefined where only root could. */
export const AS_UNLISTED_USER = process.geteuid?.() === 0 ? ['setpriv', '--reuid=54321', '--clear-groups'] : undefined;

/** Runs the action without the rights of root, who may read everything; others have none to give up. */
export async function asOrdinaryUser<Result>(action: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid!(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid!(0);
  }
}
