import { expect, it } from 'vitest';
import { installCommand } from '../../src/images/install-command.js';

it.each([
  ['/home/me/photos/node_modules/preannotate/dist/x.js', 'npm install heic-decode'],
  ['/usr/local/lib/node_modules/preannotate/dist/x.js', 'npm install --global heic-decode'],
  ['/C:/Users/me/AppData/Roaming/npm/node_modules/preannotate/dist/x.js', 'npm install --global heic-decode'],
  ['/home/me/.npm/_npx/1a2b/node_modules/preannotate/dist/x.js', 'npx -p preannotate -p heic-decode preannotate ...'],
])('installs an optional package beside preannotate in %s', (path, command) => {
  expect(installCommand('heic-decode', `file://${path}`)).toBe(command);
});
