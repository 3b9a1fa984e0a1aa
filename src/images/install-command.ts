/**
 * The command that installs an optional package where preannotate finds it.
 *
 * @param self - The address of a file of this package.
 */
export function installCommand(name: string, self = import.meta.url): string {
  const path = decodeURIComponent(new URL(self).pathname);
  if (path.includes('/_npx/')) return `npx -p preannotate -p ${name} preannotate ...`;
  const isGlobal = /\/(?:lib|npm)\/node_modules\/preannotate\//.test(path);
  return `npm install ${isGlobal ? '--global ' : ''}${name}`;
}
