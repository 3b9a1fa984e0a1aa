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
  value: {
    x: number;
    y: number;
    width: number;
    height: number;
    rotation: number;
    rectanglelabels: string[];
    labels?: string[];
  };
  score: number;
}

export interface Prediction {
  result: Region[];
  score: number;
  model_version: string;
}

/** Of an answer in which no task was annotated. */
export interface Refusal {
  status: number;
  code: string;
  detail: string;
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

/**
 * What Label Studio 1.22 stores for the tasks of a request, in their order: of each task a list of predictions, where
 * one that is not in a list stands for itself. Nothing at all where the numbers of tasks and answers differ.
 */
export function storedPredictions(results: readonly (Prediction | Prediction[])[], tasks: number): Prediction[][] {
  if (results.length !== tasks) return Array.from({ length: tasks }, () => []);
  return results.map((result) => [result].flat().filter((prediction) => 'result' in prediction));
}

/** The answer of a request in which no task was annotated; its status is that of HTTP too. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const { status, code, detail } = (await response.json()) as Refusal;
  expect(response.status).toBe(status);
  expect(status).toBeGreaterThanOrEqual(400);
  return { status, code, detail };
}

/** The log lines of failed tasks. */
export function failedTasks(server: TestServer): { task: string; code: string; reason: string; level: number }[] {
  const lines = server.running.stderr.split('\n').filter((line) => line.includes('a task was not annotated'));
  return lines.map((line) => JSON.parse(line) as { task: string; code: string; reason: string; level: number });
}

export const predict = (server: TestServer, body: unknown) => server.postJson('/label-studio/predict', body);

/** As an annotator who draws it on the upright image sees it. */
export function pixelsOf({ value, original_width: width, original_height: height }: Region): Xyxy {
  const { x, y, width: w, height: h } = value;
  return [(x / 100) * width, (y / 100) * height, ((x + w) / 100) * width, ((y + h) / 100) * height];
}

export const labelsOf = ({ result }: Prediction) => result.map(({ value }) => value.rectanglelabels[0]!);
