import type * as Sdk from '@aws-sdk/client-s3';
import { PreannotateError, systemCodeOf } from '../../../core/errors.js';
import { installCommand } from '../../install-command.js';
import type { FetchSettings } from '../fetch-settings.js';

const ATTEMPTS = 5; // at a request, with the back-off of the SDK
const DEFAULT_REGION = 'us-east-1'; // where none is configured: the SDK is then sent on to that of the bucket
const MIN_SOCKETS = 50; // the SDK's own number

/** The AWS SDK, and a client for the storage that a user has configured. The caller disposes of it. */
export interface S3 extends Disposable {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

/**
 * Opens a client. Credentials, region and endpoint are found as the SDK finds them: in the environment, in profiles, by
 * single sign-on, and in the metadata of machines and containers. They are not asked for yet.
 *
 * @throws PreannotateError STORAGE_UNAVAILABLE where the SDK is not installed
 */
export async function openS3({
  s3,
  perHost,
  timeoutMs,
}: Pick<FetchSettings, 's3' | 'perHost' | 'timeoutMs'>): Promise<S3> {
  const sdk = await loadSdk();
  const agent = { keepAlive: true, maxSockets: Math.max(MIN_SOCKETS, perHost) };
  const config: Sdk.S3ClientConfig = {
    maxAttempts: ATTEMPTS,
    followRegionRedirects: true,
    forcePathStyle: s3.pathStyle,
    requestHandler: {
      connectionTimeout: Math.min(10_000, timeoutMs),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      ...{ httpAgent: agent, httpsAgent: agent },
    },
    ...(s3.endpoint === undefined ? {} : { endpoint: s3.endpoint }),
    ...(s3.unsigned ? UNSIGNED : {}),
  };
  const client = new sdk.S3Client(config);
  if (await hasRegion(client)) return toDisposable(sdk, client);
  client.destroy();
  return toDisposable(sdk, new sdk.S3Client({ ...config, region: DEFAULT_REGION }));
}

const UNSIGNED: Pick<Sdk.S3ClientConfig, 'credentials' | 'signer'> = {
  credentials: { accessKeyId: '', secretAccessKey: '' },
  signer: { sign: (request) => Promise.resolve(request) },
};

function toDisposable(sdk: typeof Sdk, client: Sdk.S3Client): S3 {
  return { sdk, client, [Symbol.dispose]: () => client.destroy() };
}

async function hasRegion(client: Sdk.S3Client): Promise<boolean> {
  try {
    return (await client.config.region()) !== '';
  } catch {
    return false;
  }
}

/**
 * Keeps the SDK from printing at each start which versions of Node its later releases will need: which one is installed
 * here is not for users of this command to choose. The SDK reads it when a client is made.
 */
const NO_VERSION_WARNING = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** The SDK is large, and few need it: it is an optional peer dependency. */
async function loadSdk(): Promise<typeof Sdk> {
  process.env[NO_VERSION_WARNING] ??= 'true';
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    if (systemCodeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new PreannotateError(
      {
        code: 'STORAGE_UNAVAILABLE',
        message: 'Images in S3 need the AWS SDK, which is not installed.',
        hint: `Install it beside preannotate: ${installCommand('@aws-sdk/client-s3')}`,
      },
      error,
    );
  }
}
