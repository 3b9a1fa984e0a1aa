// Before packing, leaves only what users need in npm-shrinkwrap.json and package.json; afterwards, puts the whole files
// back. npm installs everything that the shrinkwrap of a package lists, the tools of its developers included, and runs
// the install scripts of packages that are marked to have one. None is needed: that of onnxruntime-node downloads
// libraries for NVIDIA GPUs (`preannotate doctor --setup-cuda` does that when asked), and fails without api.nuget.org.
// The script `prepare` is for clones; npm 11 and newer warn of it where the packed file is installed.
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const FILES = { 'npm-shrinkwrap.json': toNeededPackages, 'package.json': withoutPrepare };

function toNeededPackages({ packages, ...lock }) {
  const needed = Object.fromEntries(Object.entries(packages).filter(([, { dev }]) => dev !== true));
  for (const each of Object.values(needed)) delete each.hasInstallScript;
  delete needed[''].devDependencies;
  return { ...lock, packages: needed };
}

function withoutPrepare({ scripts, ...manifest }) {
  const { prepare: _, ...others } = scripts;
  return { ...manifest, scripts: others };
}

const packedText = (path, change) => `${JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8'))), null, 2)}\n`;

for (const [file, change] of Object.entries(FILES)) {
  const whole = `node_modules/.whole-${file}`;
  if (existsSync(whole)) {
    // Also after packing was interrupted, unless the file was changed since.
    if (readFileSync(file, 'utf8') === packedText(whole, change)) renameSync(whole, file);
    else rmSync(whole);
  }
  if (process.argv[2] !== 'before') continue;
  cpSync(file, whole, { preserveTimestamps: true }); // or what is built would seem out of date
  writeFileSync(file, packedText(file, change));
}
