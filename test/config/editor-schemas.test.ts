import { Ajv, type ValidateFunction } from 'ajv';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSettings, requireOntologySource } from '../../src/config/load.js';
import { loadOntology } from '../../src/config/ontology/load-ontology.js';
import { RunConfig } from '../../src/config/schema.js';
import { parseYaml } from '../../src/config/yaml.js';
import { PreannotateError } from '../../src/core/errors.js';
import { temporaryFolder } from '../support/temporary.js';
import { schemaFiles } from '../write-schemas.js';

/** True of what loads; what the loader refuses by name is false. */
async function loads(loading: () => Promise<unknown>): Promise<boolean> {
  try {
    await loading();
    return true;
  } catch (error) {
    if (error instanceof PreannotateError) return false;
    throw error;
  }
}

/** Good and bad settings of a config file, one document each. */
const CONFIGS = {
  good: `
format: coco
format: "coco, yolo"
format: [yolo]
device: cuda
device: auto
devices: [cuda:0, "cuda:1"]
device: "cpu,webgpu"
tiles: 640
tiles: [480, 640]
tiles: "size=640,overlap=0.3,full_image=no"
tiles: "480,640"
tiles: { size: 640, overlap: "0.5", full_image: no }
tiles: false
tiles:
score_threshold: 0.3
score_threshold: "0.3"
score_threshold: "1.0"
nms: no
nms: "Off"
image_size: 768
image_size: [768, 1024]
image_size: "768,1024"
ext: jpg
ext: [.jpg, png]
max_bytes: 5 MB
max_bytes: 100
max_errors: 5%
max_errors: "5"
max_errors: 0
preview: true
preview: 20
preview: "20"
preview: yes
include: "*.jpg"
include: ["a,b"]
max_batch_size: "8"
threads: 4
take_over_after: 5m
take_over_after: 30
timeout_sec: "30"
allowed_hosts: "*.example.org, localhost"
label_studio_url: http://label-studio:8080
compat: none
ontology: emoji
ontology: { a bottle: bottle }
ontology: { bottle: [a bottle] }
`,
  bad: `
format: kitti
format: [coco, coco]
format: "coco,coco"
format: []
format: 7
device: gpu
device: mps
device: [cuda, gpu]
device: ["auto", "cpu"]
device: { cuda: 0 }
tiles: true
tiles: 8
tiles: "640,overlap=0.9"
tiles: [640]
tiles: { size: 640, overlap: 0.9 }
tiles: { overlap: 0.3 }
tiles: { size: 640, stride: 3 }
score_threshold: 30
score_threshold: "30"
score_threshold: 30%
nms: maybe
image_size: 640x480
image_size: "8"
image_size: [1, 2, 3]
ext: a/b
max_bytes: 0
max_bytes: big
max_errors: many
max_errors: 101%
max_errors: -1
preview: -1
preview: some
include: [7]
max_batch_size: "2000"
max_batch_size: 1.5
take_over_after: 2
take_over_after: 2s
allowed_hosts: "a b"
label_studio_url: ftp://x
compat: [cvat, cvat]
restart: true
scores: 7
ontology: 7
ontology: { classes: [{ name: x }] }
`,
};

const ONTOLOGIES = {
  good: [
    'a bottle: bottle',
    'bottle: [a bottle, glass bottle]',
    'classes: [bottle, cup]',
    'classes: bottle',
    'classes: [bottle, { name: cup, prompts: a cup, id: 7, threshold: 0.5 }]',
    'classes: [{ name: cup, prompts: [a cup, a mug] }]\ntemplates: a photo of a {}\nignore: a toy',
    'classes: [cup]\ntemplates: owl',
    'classes: [cup]\ntemplates: [owl, "{}"]',
    'names: [person, bus]\nnc: 2\ntrain: images',
    'names: { 0: person, 1: bus }',
    'threshold: door',
    'canonical: door',
    'classes: [cup]\ncanonical: false',
  ],
  bad: [
    '{}',
    '- bottle',
    'a bottle: 7',
    '" ": bottle',
    'a bottle: bottle\ncup: [a cup]',
    'bottle: []',
    'bottle: [""]',
    'bottle: [7]',
    'classes: []',
    'classes: bottle, cup',
    'classes: [{ name: cup }]',
    'classes: [{ name: cup, prompts: [] }]',
    'classes: [{ name: cup, prompts: "a cup, a mug" }]',
    'classes: [{ name: "a\\tb", prompts: [x] }]',
    'classes: [cup]\ntemplates: [a photo]',
    'classes: [cup]\ntemplates: "{} {}"',
    'classes: [cup]\ntemplates: owlv2',
    'classes: [cup]\ntemplates: [owl, clip]',
    'classes: [cup]\nthreshold: 30',
    'classes: [cup]\ncolour: red',
    'classes: [cup]\ncanonical: 7',
    'canonical: [door]',
    'names: [7]',
    'names: { a: person }',
    'examples: [a.png]',
  ],
};

describe('the JSON Schemas for editors', () => {
  let config: ValidateFunction;
  let ontology: ValidateFunction;

  beforeAll(async () => {
    const files = await schemaFiles();
    const schemas = [...files.values()].map((text) => JSON.parse(text) as { $id: string });
    const ajv = new Ajv({ strict: true, schemas });
    [ontology, config] = schemas.map(({ $id }) => ajv.getSchema($id)!) as [ValidateFunction, ValidateFunction];
  });

  it('load in strict mode, and are named by where they are published', () => {
    const ids = [ontology, config].map(({ schema }) => (schema as { $id: string }).$id);
    expect(ids).toEqual(
      ['ontology', 'config'].map((name) => expect.stringMatching(`^https://.*/${name}.schema.json$`) as string),
    );
  });

  const lines = Object.entries(CONFIGS).flatMap(([verdict, text]) =>
    text
      .trim()
      .split('\n')
      .map((line) => [line, verdict === 'good'] as const),
  );

  it.each(lines)('agree with the loader about %s', async (text, expected) => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'preannotate.yaml'), text);
    const load = async () => {
      const loaded = await loadSettings({ schema: RunConfig, flags: {}, environment: {}, cwd });
      if (loaded.settings.ontology !== undefined) await loadOntology(requireOntologySource(loaded));
    };
    const { value } = parseYaml(text, { name: 'a', code: 'CONFIG_INVALID' });
    expect({ schema: config(value), loader: await loads(load) }).toEqual({ schema: expected, loader: expected });
  });

  const ontologies = Object.entries(ONTOLOGIES).flatMap(([verdict, texts]) =>
    texts.map((text) => [text, verdict === 'good'] as const),
  );

  it.each(ontologies)('agree with the loader about the ontology %j', async (text, expected) => {
    const { value, where } = parseYaml(text, { name: 'a', code: 'ONTOLOGY_INVALID' });
    const loader = await loads(() => loadOntology({ mapping: value, file: 'a', where }));
    expect({ schema: ontology(value), loader }).toEqual({ schema: expected, loader: expected });
  });
});
