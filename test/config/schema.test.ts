import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { metaOf } from '../../src/config/options/meta.js';
import { flagsOf, optionsOf, type Flag } from '../../src/config/flags.js';
import { AnyConfig, ExportConfig, RunConfig } from '../../src/config/schema.js';
import { SCHEMA_FOLDER, schemaFiles } from '../write-schemas.js';

const flags = new Map(flagsOf(RunConfig).map((flag) => [flag.key, flag]));

describe('flags', () => {
  it('have dashes where keys have underscores, and tell their default', () => {
    const { name, placeholder, description } = flags.get('score_threshold')!;
    expect([name, placeholder]).toEqual(['score-threshold', 'x']);
    expect(description).toMatch(/ \(default: 0\.1\)$/);
    expect(flags.get('format')!.description).toMatch(/ \(default: coco,yolo\)$/);
    expect(flags.get('max_bytes')!.description).toMatch(/ \(default: 256MB\)$/);
  });

  it.each<[string, Partial<Flag>]>([
    ['devices', { name: 'device', placeholder: 'list', repeatable: true }],
    ['out', { name: 'out', short: 'o', placeholder: 'dir' }],
    ['preview', { placeholder: 'n', optionalValue: true }],
    ['image_size', { name: 'image-size', placeholder: 'h,w|n' }],
    ['class', { placeholder: 'class', repeatable: true }],
    ['max_errors', { name: 'max-errors', placeholder: 'n|p%' }],
  ])('%s is declared as users type it', (key, expected) => {
    expect(flags.get(key)).toMatchObject(expected);
  });

  it('only what can be turned off by name has a negation', () => {
    const negated = [...flags.values()].filter(({ negation }) => negation !== undefined);
    expect(negated.map(({ name }) => name).sort()).toEqual([
      'nms',
      'only-reviewed',
      'recursive',
      'tiles',
      'write-upright',
    ]);
  });

  it('each has a description, and switches have no value', () => {
    for (const { key, description, placeholder } of [...flags.values(), ...flagsOf(ExportConfig)]) {
      expect(description, key).toMatch(/^[A-Z].{9,}|^builtin/);
      expect(placeholder, key).not.toBe('');
    }
    expect(flags.get('dry_run')).not.toHaveProperty('placeholder');
  });

  it('each declares under which heading it is listed', () => {
    for (const [key, option] of optionsOf(AnyConfig)) expect(metaOf(option).flag?.group, key).toBeDefined();
  });

  it('of an export say nothing of models and devices', () => {
    const names = flagsOf(ExportConfig).map(({ name }) => name);
    expect(names).toContain('score-threshold');
    expect(names).not.toContain('model');
    expect(names).not.toContain('device');
  });

  it('an option is one line in a schema', () => {
    const schema = z.strictObject({
      grace_sec: z
        .number()
        .default(5)
        .describe('Seconds to wait')
        .meta({ flag: { group: 'speed', placeholder: 's' } }),
    });
    expect(flagsOf(schema)).toEqual([
      {
        key: 'grace_sec',
        name: 'grace-sec',
        placeholder: 's',
        optionalValue: false,
        repeatable: false,
        description: 'Seconds to wait (default: 5)',
        group: 'speed',
        basic: false,
      },
    ]);
  });
});

describe('the JSON Schemas for editors', () => {
  it('are up to date (npm run schemas writes them)', async () => {
    for (const [name, text] of await schemaFiles()) {
      expect(await readFile(join(SCHEMA_FOLDER, name), 'utf8'), name).toBe(text);
    }
  });

  it('describe every setting that a config file may hold, and no other', async () => {
    const schema = await configSchema();
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['model', 'device', 'devices', 'ontology', 'quiet']),
    );
    for (const key of ['class', 'restart', 'resume', 'dry_run', 'json'])
      expect(schema.properties).not.toHaveProperty(key);
    for (const [key, { description }] of Object.entries(schema.properties)) expect(description, key).toMatch(/\w+ \w+/);
    expect(schema.additionalProperties).toBe(false);
    expect(schema).not.toHaveProperty('required');
  });

  it('hold defaults and limits, and nothing that only flags need', async () => {
    const { properties } = await configSchema();
    expect(properties['score_threshold']).toMatchObject({
      default: 0.1,
      anyOf: [
        { type: 'number', minimum: 0, maximum: 1 },
        { type: 'string', pattern: expect.any(String) as string },
      ],
    });
    expect(properties['devices']).toMatchObject({ default: 'auto' });
    for (const property of Object.values(properties)) {
      for (const key of ['flag', 'alias', 'path']) expect(property).not.toHaveProperty(key);
    }
  });
});

interface JsonSchema {
  readonly properties: Record<string, { readonly description: string }>;
  readonly additionalProperties: boolean;
}

async function configSchema(): Promise<JsonSchema> {
  return JSON.parse((await schemaFiles()).get('config.schema.json')!) as JsonSchema;
}
