// Before packing, leaves only what users need in npm-shrinkwrap.json; afterwards, puts the whole file back. npm
// installs everything that the shrinkwrap of a package lists, the tools of its developers included, and runs the
// install scripts of packages that are marked to have one. None is needed: that of onnxruntime-node downloads
// libraries for NVIDIA GPUs (`preannotate doctor --setup-cuda` does that when asked), and fails without api.nuget.org.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const FILE = 'npm-shrinkwrap.json';
const WHOLE = 'node_modules/.whole-npm-shrinkwrap.json';

if (existsSync(WHOLE)) renameSync(WHOLE, FILE); // also after packing was interrupted
if (process.argv[2] === 'before') {
  const { packages, ...lock } = JSON.parse(readFileSync(FILE, 'utf8'));
  const needed = Object.fromEntries(Object.entries(packages).filter(([, { dev }]) => dev !== true));
  for (const each of Object.values(needed)) delete each.hasInstallScript;
  delete needed[''].devDependencies;
  copyFileSync(FILE, WHOLE);
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: needed }, null, 2)}\n`);
}
