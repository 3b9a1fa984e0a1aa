import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EMOJI, preannotate, SCENES, type Finished } from './cli.js';
import { temporaryFolder } from './temporary.js';

/** A folder of photos and the output folder of a run over it. */
export interface Photos {
  readonly folder: string;
  readonly out: string;
  readonly path: (name: string) => string;
  /** Copies a shipped scene to a photo. */
  readonly put: (name: string, scene: string) => Promise<void>;
  readonly run: (...more: string[]) => Promise<Finished>;
  readonly coco: () => Promise<Coco>;
  /** Names by number, as COCO has them. */
  readonly numbers: () => Promise<Record<string, number>>;
}

interface Coco {
  readonly images: { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: { image_id: number; bbox: number[] }[];
}

/** Photos of these names, each a copy of a small scene. */
export async function photosNamed(names: readonly string[]): Promise<Photos> {
  const parent = await temporaryFolder();
  const [folder, out] = [join(parent, 'photos'), join(parent, 'out')];
  const path = (name: string) => join(folder, name);
  const put = async (name: string, scene: string) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await copyFile(join(SCENES, scene), path(name));
  };
  for (const name of names) await put(name, 'scene-01.jpg');
  const coco = async () => JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
  return {
    folder,
    out,
    path,
    put,
    run: (...more) => preannotate(['run', folder, ...EMOJI, '--out', out, ...more]),
    coco,
    numbers: async () => Object.fromEntries((await coco()).images.map(({ id, file_name: name }) => [name, id])),
  };
}
