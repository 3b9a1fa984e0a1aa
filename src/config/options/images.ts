import { z } from 'zod';
import * as value from './values.js';

/** Which images are read, and which of them are accepted. */
export const imageOptions = {
  recursive: value
    .toggle()
    .default(true)
    .describe('Include subfolders')
    .meta({ flag: { group: 'input', negation: 'Do not include subfolders' } }),
  include: value
    .texts()
    .default([])
    .describe(
      'Annotate only images in this folder, or whose path, relative to the folder given, matches this glob. Repeatable',
    )
    .meta({ flag: { group: 'input', placeholder: 'glob', repeatable: true } }),
  exclude: value
    .texts()
    .default([])
    .describe('Exclude images in this folder, or whose path matches this glob; !glob takes some back. Repeatable')
    .meta({ flag: { group: 'input', placeholder: 'glob', repeatable: true } }),
  ext: z
    .exactOptional(value.extensions())
    .describe(
      'File name extensions to include, separated by commas (jpg,png), or * for every file. Default: those of ' +
        'images, and other files whose content is an image that can be read',
    )
    .meta({ examples: [['jpg', 'png']], flag: { group: 'input', placeholder: 'list', repeatable: true } }),
  max_pixels: value
    .wholeBetween(1, 2 ** 31 - 1)
    .default(268_402_689)
    .describe(
      'Reject images with more pixels than this, or that take more time or memory than it allows because of their ' +
        'shape or encoding; decoding takes 3 bytes of memory for each pixel',
    )
    .meta({ flag: { group: 'input', placeholder: 'n' } }),
  max_bytes: value
    .byteSize()
    .prefault('256MB')
    .describe('Reject files larger than this, such as 256MB')
    .meta({ flag: { group: 'input', placeholder: 'size' } }),
  strict_images: value
    .toggle()
    .default(false)
    .describe('Reject images that could be decoded only in part, instead of marking them degraded')
    .meta({ flag: { group: 'input' } }),
};

/** How images are fetched from web servers and from S3. */
export const remoteOptions = {
  fetch_concurrency: value
    .wholeBetween(1, 256)
    .default(8)
    .describe('Remote images fetched at once from one host or bucket')
    .meta({ flag: { group: 'remote', placeholder: 'n' } }),
  fetch_timeout: value
    .duration(1)
    .prefault('60s')
    .describe('Time in which the server of a remote image must begin its answer, and again in which it must end it')
    .meta({ flag: { group: 'remote', placeholder: 'time' } }),
  s3_endpoint: z
    .exactOptional(
      z
        .url({ protocol: /^https?$/, error: 'must be an address such as http://minio:9000' })
        .meta({ pattern: '^https?://[^\\s/]' }),
    )
    .describe('Server for s3:// images, such as MinIO; default: that of AWS, or of AWS_ENDPOINT_URL_S3')
    .meta({ examples: ['http://minio:9000'], flag: { group: 'remote', placeholder: 'url' } }),
  s3_path_style: value
    .toggle()
    .default(false)
    .describe('Ask for https://endpoint/bucket/key, not https://bucket.endpoint/key, as MinIO and others need it')
    .meta({ flag: { group: 'remote' } }),
  s3_no_sign_request: value
    .toggle()
    .default(false)
    .describe('Send no credentials to S3: for public buckets')
    .meta({ flag: { group: 'remote' } }),
};

/** What `serve` has for the URLs of its clients too. */
export const addressOptions = {
  allow_private: value
    .toggle()
    .default(false)
    .describe('Also fetch images from private networks and this machine')
    .meta({ flag: { group: 'remote' } }),
};
