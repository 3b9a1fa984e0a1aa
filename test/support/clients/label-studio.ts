import type { Xyxy } from '../../../src/core/box.js';
import { expect } from 'vitest';
import { base64, scene, type TestServer } from '../server.js';

/** Requests as Label Studio sends them, and what it reads of the answers. */

export interface Region {
  id: string;
  type: string;
  from_name: string;
  to_name: string;
  original_width: number;
  original_height: number;
  image_rotation: number;
  value: { x: number; y: number; width: number; height: number; rotation: number; rectanglelabels: string[] };
  score: number;
}

export interface Prediction {
  result: Region[];
  score: number;
  model_version: string;
  error?: { code: string; detail: string };
}

export const LABELS = '<Label value="bottle"/><Label value="Wine Glass"/><Label value="cup" background="#ff0000"/>';
export const CONFIG = `<View>
  <Header value="Tick &amp; draw"/>
  <RectangleLabels name="label" toName="image" smart="true">${LABELS}</RectangleLabels>
  <Image name="image" value="$image" zoom="true"/>
</View>`;

/** As Label Studio 1.x writes them: `project` is id.created, a task comes with all that its serializer has. */
export function predictRequest(images: readonly unknown[], label_config = CONFIG, more: object = {}) {
  return {
    tasks: images.map((image, i) => ({
      id: 100 + i,
      data: { image },
      meta: {},
      created_at: '2026-01-05T10:00:00.000000Z',
      updated_at: '2026-01-05T10:00:00.000000Z',
      is_labeled: false,
      overlap: 1,
      inner_id: i + 1,
      total_annotations: 0,
      cancelled_annotations: 0,
      total_predictions: 0,
      comment_count: 0,
      unresolved_comment_count: 0,
      last_comment_updated_at: null,
      project: 1,
      updated_by: null,
      file_upload: 7,
      comment_authors: [],
    })),
    model_version: null,
    project: '1.1736071200',
    label_config,
    params: { login: null, password: null, context: null },
    ...more,
  };
}

export function setupRequest(schema: unknown) {
  return {
    project: '1.1736071200',
    schema,
    hostname: 'http://localhost:8080',
    access_token: 'c9d0a2',
    extra_params: null,
  };
}

export const dataUrl = async (name: string) => `data:image/jpeg;base64,${base64(await scene(name))}`;

export async function predictionsOf(response: Response): Promise<Prediction[]> {
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: Prediction[] }).results;
}

export const predict = (server: TestServer, body: unknown) => server.postJson('/label-studio/predict', body);

/** As an annotator who draws it on the upright image sees it. */
export function pixelsOf({ value, original_width: width, original_height: height }: Region): Xyxy {
  const { x, y, width: w, height: h } = value;
  return [(x / 100) * width, (y / 100) * height, ((x + w) / 100) * width, ((y + h) / 100) * height];
}

export const labelsOf = ({ result }: Prediction) => result.map(({ value }) => value.rectanglelabels[0]!);
