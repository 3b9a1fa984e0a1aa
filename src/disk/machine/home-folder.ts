import { homedir } from 'node:os';

/**
 * The home folder of the user. A user without HOME and without an entry in /etc/passwd, as pods and services may have,
 * gets the root folder, as Docker gives it to such users.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}
