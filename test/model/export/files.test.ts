import { cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { traitsOf } from '../../../src/model/families.js';
import { openSession } from '../../../src/model/session.js';
import { writeExport } from '../../bench/peer/export.js';
import { FIXTURES } from '../../support/model/golden.js';
import { artifactOf, exportOf } from '../../support/model/optimum/open.js';
import { canLink } from '../../support/system/links.js';
import { temporaryFolder } from '../../support/temporary.js';

const TINY = join(FIXTURES, 'models/owlvit-tiny');
const SIZE = { height: 96, width: 96 };

/** The error for a folder that cannot be used. */
function refusal(about: RegExp) {
  return { code: 'MODEL_INVALID', message: expect.stringMatching(about) as string };
}

describe('which file of an export is used', () => {
  it('the one of the precision; auto takes the most exact that is there', async () => {
    const folder = await exportOf('owlvit-tiny', { kind: 'fp16' }, { kind: 'int8' });
    expect((await readCheckpoint(folder)).exported).toMatchObject({ precision: 'fp16' });
    expect((await readCheckpoint(folder, 'int8')).exported).toMatchObject({
      precision: 'int8',
      path: join(folder, 'onnx/model_quantized.onnx'),
    });
    await expect(readCheckpoint(folder, 'fp32')).rejects.toMatchObject({
      ...refusal(/onnx\/model\.onnx: .* in its folder are model_fp16\.onnx, model_quantized\.onnx/),
      hint: expect.stringContaining('--precision fp16 or int8') as string,
    });
  });

  it('none, where there is model.safetensors as well', async () => {
    const folder = await exportOf('owlvit-tiny', {});
    await cp(join(TINY, 'model.safetensors'), join(folder, 'model.safetensors'));
    const checkpoint = await readCheckpoint(folder);
    expect(checkpoint.exported).toBeUndefined();
    expect(checkpoint.tensors.size).toBeGreaterThan(50);
  });

  it('a folder without weights of any kind is refused by name', async () => {
    const folder = await exportOf('owlvit-tiny', {});
    await rm(join(folder, 'onnx'), { recursive: true });
    await expect(readCheckpoint(folder)).rejects.toMatchObject(
      refusal(/no model\.safetensors, pytorch_model\.bin or onnx\/model\.onnx/),
    );
  });

  it('images of another size than its own are refused', async () => {
    const checkpoint = await readCheckpoint(await exportOf('owlvit-tiny', {}));
    expect(traitsOf(checkpoint).inputSize()).toEqual(SIZE);
    expect(traitsOf(checkpoint).inputSize({ height: 100, width: 90 })).toEqual(SIZE);
    expect(() => traitsOf(checkpoint).inputSize({ height: 96, width: 128 })).toThrow(/must be 96 x 96, not 96 x 128/);
  });
});

describe('where an export has its weights', () => {
  it.skipIf(!canLink)('in files of the Hub cache, which are links to blobs', async () => {
    const folder = await exportOf('owlvit-tiny', {});
    const blobs = join(folder, '../blobs');
    await mkdir(blobs);
    await rename(join(folder, 'onnx/model.onnx'), join(blobs, 'abc123'));
    await symlink('../../blobs/abc123', join(folder, 'onnx/model.onnx'));
    await expect(opened(folder)).resolves.toContain('boxes');
  });

  it.skipIf(!canLink)('beside the graph, behind links of their own', async () => {
    const folder = await externalExport();
    const blobs = join(folder, 'blobs');
    await mkdir(blobs);
    for (const name of ['model.onnx', 'model.onnx_data']) {
      await rename(join(folder, 'onnx', name), join(blobs, `blob-${name.length}`));
      await symlink(`../blobs/blob-${name.length}`, join(folder, 'onnx', name));
    }
    await expect(opened(folder)).resolves.toContain('boxes');
    expect((await readCheckpoint(folder)).weightFiles).toHaveLength(2);
  });

  it('not outside its folder, not in a file that is missing or too short', async () => {
    const folder = await externalExport();
    const graph = join(folder, 'onnx/model.onnx');
    const data = join(folder, 'onnx/model.onnx_data');
    await truncate(data, 1000);
    await expect(readCheckpoint(folder)).rejects.toMatchObject(
      refusal(/model\.onnx: .* of model\.onnx_data, which has 1000/),
    );
    await rm(data);
    await expect(readCheckpoint(folder)).rejects.toMatchObject(
      refusal(/weights are missing: there is no .*model\.onnx_data/),
    );
    const bytes = (await readFile(graph)).toString('latin1');
    await writeFile(graph, bytes.replaceAll('model.onnx_data', '../../outside.x'), 'latin1'); // as long
    await expect(readCheckpoint(folder)).rejects.toMatchObject(refusal(/names weights outside its folder: \.\.\/\.\./));
  });
});

async function externalExport(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'onnx'));
  await writeExport(TINY, folder);
  const data = join(folder, 'onnx/model.onnx_data');
  await rm(data); // a hard link to the fixture
  await cp(join(TINY, 'model.safetensors'), data);
  return folder;
}

/** Opens both sessions; the names of what the image session gives. */
async function opened(folder: string): Promise<readonly string[]> {
  const artifact = await artifactOf(folder);
  const session = { device: { provider: 'cpu' }, threads: 1 } as const;
  const text = artifact.text();
  await openSession(text.graph, { ...session, weightsFolder: text.weightsFolder });
  const { graph, weightsFolder } = artifact.image({ size: SIZE, maxDetections: 300 });
  return (await openSession(graph, { ...session, weightsFolder })).outputNames;
}
