import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { findPlace } from '../../../src/core/ontology.js';
import { temporaryFolder } from '../../support/temporary.js';
import { failureOf, load } from './load-text.js';

describe('the short form', () => {
  it('gathers prompts by class, in the order in which classes first appear', async () => {
    const { spec } = await load('a bottle: bottle\na cup: cup\nglass bottle: bottle\n');
    expect(spec).toEqual({
      templates: [],
      canonical: true,
      classes: [
        { name: 'bottle', id: 1, prompts: ['a bottle', 'glass bottle'] },
        { name: 'cup', id: 2, prompts: ['a cup'] },
      ],
      ignore: [],
    });
  });

  it('is distinguished from the full form by the key `classes` alone: the other keys may be prompts', async () => {
    const { spec } = await load('templates: paper\nthreshold: door\n');
    expect(spec.classes.map(({ prompts }) => prompts)).toEqual([['templates'], ['threshold']]);
  });

  it('a prompt that is empty or a class that is not a string is refused at its place', async () => {
    expect((await failureOf(load('"": bottle'))).message).toBe('yard.yaml:1:1: a prompt of class "bottle" is empty.');
    const { message, hint } = await failureOf(load('a bottle: bottle\na seven: 7'));
    expect(message).toBe('yard.yaml:2:10: "a seven" must be text, not 7.');
    expect(hint).toBe('Put quotes around it: "7".');
  });

  it('a class that differs from another by case only is refused', async () => {
    const { message } = await failureOf(load('a bottle: bottle\nglass bottle: Bottle'));
    expect(message).toBe('yard.yaml:2:15: the class "Bottle" exists already: "bottle" at yard.yaml:1:11.');
  });
});

describe('files', () => {
  it('are read, and prompts are found in them again', async () => {
    const path = join(await temporaryFolder(), 'yard.yaml');
    await writeFile(path, 'a bottle: bottle\nglass bottle: bottle\n');
    const { spec, places } = await loadOntology({ file: path });
    expect(spec.classes).toHaveLength(1);
    expect(findPlace(places, 'glass bottle')).toBe(`${path}:2:1`);
  });

  it('that are missing are named', async () => {
    const path = join(await temporaryFolder(), 'none.yaml');
    expect((await failureOf(loadOntology({ file: path }))).message).toBe(`${path}: there is no such file.`);
  });

  it('that are nested too deep are refused', async () => {
    const path = join(await temporaryFolder(), 'deep.yaml');
    await writeFile(path, '['.repeat(20_000));
    expect((await failureOf(loadOntology({ file: path }))).message).toMatch(/nested more than 100 levels deep/);
  });
});

describe('--class flags', () => {
  it('give a class its prompts, or its own name as the prompt', async () => {
    const { spec, places } = await loadOntology({ classes: ['bottle=a bottle, glass bottle', 'wine glass'] });
    expect(spec.classes).toEqual([
      { name: 'bottle', id: 1, prompts: ['a bottle', 'glass bottle'] },
      { name: 'wine glass', id: 2, prompts: ['wine glass'] },
    ]);
    expect(findPlace(places, 'glass bottle')).toBe('--class "bottle=a bottle, glass bottle"');
  });

  it('a prompt may hold an equals sign', async () => {
    const { spec } = await loadOntology({ classes: ['sum=1+1=2'] });
    expect(spec.classes[0]!.prompts).toEqual(['1+1=2']);
  });

  it.each([
    ['no prompts', ['bottle='], '--class "bottle=": class "bottle" has no prompts.'],
    ['an empty prompt', ['bottle=a,,b'], '--class "bottle=a,,b": a prompt of class "bottle" is empty.'],
    ['no name', ['=a bottle'], '--class "=a bottle": a class has an empty name.'],
    ['one class twice', ['bottle=a', 'bottle=b'], /--class "bottle=b": the class "bottle" exists already/],
  ])('%s is refused', async (_, classes, message) => {
    expect((await failureOf(loadOntology({ classes }))).message).toMatch(message);
  });
});
