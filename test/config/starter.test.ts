import { expect, it } from 'vitest';
import { FileConfig } from '../../src/config/schema.js';
import { starterConfig } from '../../src/config/starter.js';

it('a starter shows every key of config files, with its default or an example', () => {
  const text = starterConfig({ model: 'builtin:emoji', classes: [], locateSchema: (name) => name }, 'ontology.yaml');
  for (const key of Object.keys(FileConfig.shape)) {
    expect(text, key).toMatch(new RegExp(`^(# )?${key}: |Also spelled ${key}$`, 'm'));
  }
});
