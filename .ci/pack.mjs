// Packs what is in dist/ to node_modules/.packed, for the checks of the package. Unlike `npm pack`, it does not build.
import { execSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';

const FOLDER = 'node_modules/.packed';

if (!existsSync('dist/cli/main.js')) {
  console.error('dist/ is missing: run `npm run build` first.');
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
execSync(`npm pack --ignore-scripts --silent --pack-destination ${FOLDER}`, { stdio: ['ignore', 'ignore', 'inherit'] });
renameSync(`${FOLDER}/${name}-${version}.tgz`, `${FOLDER}/package.tgz`);
