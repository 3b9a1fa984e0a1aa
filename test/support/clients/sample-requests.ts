import sharp from 'sharp';
import { CONFIG, predictRequest, setupRequest } from './label-studio.js';
import { base64 } from '../server.js';

/** A request as a decent client would send it. */
export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: Buffer;
}

const BOUNDARY = 'a-boundary';
const GETS =
  '/ /docs /openapi.json /metrics /health /livez /readyz /ready /startupz /info /label-studio /api/functions /v2 ' +
  '/api/functions/preannotate /v2/health/ready /v2/models/preannotate /page/serve.js /label-studio/health';

/** One request of every kind that the server knows, with a small image in every form that it reads. */
export async function samples(): Promise<Sample[]> {
  const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: '#c33' } });
  const images = {
    jpeg: await picture.jpeg().toBuffer(),
    png: await picture.png({ palette: true }).toBuffer(),
    webp: await picture.webp().toBuffer(),
    gif: await picture.gif().toBuffer(),
    tiff: await picture.tiff().toBuffer(),
    avif: await picture.avif({ effort: 0 }).toBuffer(),
  };
  const image = base64(images.jpeg);
  const ontology = { classes: [{ name: 'cup', prompts: ['a cup', 'a mug'], threshold: 0.2 }], templates: ['a {}'] };
  const options = { ontology, score_threshold: 0.1, nms: true, nms_iou: 0.5, max_detections: 10 };
  const json = (path: string, body: object): Sample => {
    return { method: 'POST', path, type: 'application/json', body: Buffer.from(JSON.stringify(body)) };
  };
  return [
    ...GETS.split(' ').map((path) => ({ method: 'GET', path })),
    ...Object.entries(images).map(([format, body]) => ({
      method: 'POST',
      path: '/predict',
      type: `image/${format}`,
      body,
    })),
    json('/predict', { image_base64: image, ...options }),
    json('/predict/batch', {
      images: [{ image_base64: image, id: 'a' }, { image_base64: base64(images.png) }],
      ...options,
    }),
    { method: 'POST', path: '/predict', type: FORM, body: form({ image: images.jpeg, nms_iou: '0.4' }) },
    {
      method: 'POST',
      path: '/predict/batch',
      type: FORM,
      body: form({ image: images.webp, ontology: '{"a cup":"cup"}' }),
    },
    json('/label-studio/predict', predictRequest([`data:image/jpeg;base64,${image}`])),
    json('/label-studio/setup', setupRequest(CONFIG)),
    json('/label-studio/webhook', { action: 'ANNOTATION_CREATED' }),
    json('/api/function_invocations', { image, threshold: 0.3 }),
    json('/', { image }),
    json('/v2/models/preannotate/infer', {
      id: '1',
      parameters: options,
      inputs: [{ name: 'image', shape: [1, 1], datatype: 'BYTES', data: [[image]] }],
      outputs: [{ name: 'boxes' }],
    }),
  ];
}

export const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

function form(fields: Readonly<Record<string, Buffer | string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    const file = typeof value === 'string' ? '' : '; filename="one.jpg"\r\ncontent-type: image/jpeg';
    return [`--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`, value, '\r\n'];
  });
  return Buffer.concat([...parts, `--${BOUNDARY}--\r\n`].map((part) => Buffer.from(part)));
}
