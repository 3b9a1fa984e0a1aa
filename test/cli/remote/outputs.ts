import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** All boxes of a COCO file, by the name of the scene. */
export async function boxesOf(out: string): Promise<unknown> {
  const { annotations } = await readCoco(out);
  const names = new Map((await imagesOf(out)).map(({ id, file_name: name }) => [id, /scene-\d+/.exec(name)![0]]));
  return annotations.map(({ image_id: id, bbox, score }) => [names.get(id), bbox, score]);
}

/** The images of a COCO file. */
export async function imagesOf(out: string): Promise<CocoImage[]> {
  return (await readCoco(out)).images;
}

interface CocoImage {
  id: number;
  file_name: string;
  coco_url?: string;
}

interface Coco {
  images: CocoImage[];
  annotations: { image_id: number; bbox: number[]; score: number }[];
}

async function readCoco(out: string): Promise<Coco> {
  return JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
}

/** Every file below a folder, and the names of all. */
export async function textsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return [files.join('\n'), ...(await Promise.all(files.map((file) => readFile(file, 'latin1'))))];
}
