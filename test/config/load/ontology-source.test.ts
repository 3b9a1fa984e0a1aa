import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireOntologySource } from '../../../src/config/load.js';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { findPlace } from '../../../src/core/ontology.js';
import { useWorkingFolder } from './working-folder.js';

const { folder, loadRun } = useWorkingFolder();

describe('the source of the ontology', () => {
  it('is the file named', async () => {
    expect(requireOntologySource(await loadRun({ flags: { ontology: 'yard.yaml' } }))).toEqual({
      file: join(folder(), 'yard.yaml'),
    });
  });

  it('is taken from --class', async () => {
    expect(requireOntologySource(await loadRun({ flags: { class: ['a', 'b=c,d'] } }))).toEqual({
      classes: ['a', 'b=c,d'],
    });
  });

  it('is the mapping in the config file, and its problems are reported with their place there', async () => {
    const good = requireOntologySource(await loadRun({ config: 'ontology:\n  a bottle: bottle\n' }));
    const { spec, places } = await loadOntology(good);
    expect(spec.classes).toEqual([{ name: 'bottle', id: 1, prompts: ['a bottle'] }]);
    expect(findPlace(places, 'a bottle')).toBe('preannotate.yaml:2:3');
    const bad = requireOntologySource(
      await loadRun({ config: 'ontology:\n  classes:\n    - { name: x, prompts: [7] }' }),
    );
    await expect(loadOntology(bad)).rejects.toThrow(
      'preannotate.yaml:3:28: classes[0].prompts[0] must be text, not 7.',
    );
  });

  it('must be there', async () => {
    const loaded = await loadRun({});
    expect(() => requireOntologySource(loaded)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
