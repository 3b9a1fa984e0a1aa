/** How remote images are fetched. Plain data, which can be sent elsewhere. */
export interface FetchSettings {
  readonly allowPrivate: boolean; // also from private networks and this machine
  readonly allowHosts?: readonly string[]; // only from these, as `UrlPolicy` has them; empty or absent: from all
  readonly dnsServers?: readonly string[]; // instead of the system's, as `ip:port`
  readonly maxBytes: number; // of an image
  readonly timeoutMs: number; // until an answer begins, and again for its body
  readonly perHost: number; // at once, from one host or bucket
  readonly s3: S3Settings;
  readonly isAgain?: boolean; // by another command than the run: the options of that one are not stored
}

/** The options with which other commands fetch from the same places: ` --allow-private`. */
export function describeFetchOptions({ allowPrivate, s3 }: Pick<FetchSettings, 'allowPrivate' | 's3'>): string {
  return [
    ...(allowPrivate ? [' --allow-private'] : []),
    ...(s3.endpoint === undefined ? [] : [` --s3-endpoint ${new URL(s3.endpoint).origin}`]),
    ...(s3.pathStyle ? [' --s3-path-style'] : []),
    ...(s3.unsigned ? [' --s3-no-sign-request'] : []),
  ].join('');
}

/** What is not left to the environment and the files that the AWS SDK reads. */
export interface S3Settings {
  readonly endpoint?: string; // of MinIO and others
  readonly pathStyle: boolean; // https://endpoint/bucket/key instead of https://bucket.endpoint/key
  readonly unsigned: boolean; // for public buckets: no credentials are needed
}
