/** What the help of a command has behind its examples. */
export interface Reference {
  /** Exit codes besides 0, 1 and 2. */
  readonly exits?: Readonly<Record<number, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: readonly (keyof typeof VARIABLES)[];
}

/** Groups of environment variables that commands read. */
const VARIABLES = {
  options: {
    'PREANNOTATE_<OPTION>': 'an option, such as PREANNOTATE_SCORE_THRESHOLD=0.3; a flag takes precedence',
    PREANNOTATE_CONFIG: 'as --config',
  },
  hub: {
    'HF_HOME, HF_HUB_CACHE': "cache of models, shared with Python's huggingface_hub (default: ~/.cache/huggingface)",
    'HF_TOKEN, HF_ENDPOINT': 'access to private models, and another address of the hub',
    HF_HUB_OFFLINE: '1 uses what is in the cache and downloads nothing',
    'HTTPS_PROXY, NO_PROXY': 'proxy for downloads, and hosts that need none',
  },
  s3: {
    'AWS_PROFILE, AWS_ACCESS_KEY_ID, …': 'credentials for s3:// images, as in the AWS SDK',
    AWS_ENDPOINT_URL_S3: 'as --s3-endpoint',
  },
  queue: { PREANNOTATE_QUEUE: 'address of the queue, which may hold a password that is better not in a flag' },
  keys: { PREANNOTATE_API_KEYS: 'API keys that clients may use, separated by commas' },
  labelStudio: { LABEL_STUDIO_API_KEY: 'token with which files of Label Studio tasks are fetched' },
  ci: { GITHUB_STEP_SUMMARY: 'file to which a summary is added; set by GitHub Actions' },
  cuda: { CUDA_VISIBLE_DEVICES: 'the GPUs that may be used' },
  colours: { 'NO_COLOR, FORCE_COLOR': 'no colours anywhere; colours also where the output is no terminal' },
} as const;

const EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'unexpected failure',
  2: 'wrong usage, config, ontology or model, or input that cannot be read',
};

/** The sections as text: each heading is a line that ends with a colon. */
export function formatReference({ exits = {}, files, environment = [] }: Reference): string {
  const variables = Object.assign({}, ...environment.map((group) => VARIABLES[group])) as Record<string, string>;
  return [
    `Exit codes:\n${formatRows({ ...EXITS, ...exits })}`,
    ...(files === undefined ? [] : [`Files:\n${formatRows(files)}`]),
    `Environment:\n${formatRows({ ...variables, ...VARIABLES.colours })}`,
  ].join('\n\n');
}

function formatRows(rows: Readonly<Record<string, string>>): string {
  const names = Object.keys(rows);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => `  ${name.padEnd(width)}  ${rows[name]!}`).join('\n');
}

/** Wraps prose, and rows of a table below each other; commands stay in one line, to be copied. */
export function fitText(text: string, width: number): string {
  return text
    .split('\n\n')
    .map((part) => fitParagraph(part, width))
    .join('\n\n');
}

function fitParagraph(text: string, width: number): string {
  const lines = text.split('\n');
  if (lines.every((line) => /^\S/.test(line) && !line.endsWith(':'))) return wrap(lines.join(' '), width, 0);
  return lines
    .map((line) => {
      const name = /^ {2}\S(?:.*?\S)?\s{2,}(?=\S)/.exec(line)?.[0];
      return name === undefined ? line : wrap(line, width, name.length);
    })
    .join('\n');
}

/** @param indent - Of the lines behind the first. */
function wrap(text: string, width: number, indent: number): string {
  let rest = text;
  const lines: string[] = [];
  while (rest.length > width) {
    const at = rest.lastIndexOf(' ', width);
    if (at <= indent) break; // a word that is longer
    lines.push(rest.slice(0, at));
    rest = `${' '.repeat(indent)}${rest.slice(at + 1)}`;
  }
  return [...lines, rest].join('\n');
}
