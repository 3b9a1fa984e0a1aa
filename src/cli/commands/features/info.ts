import { FeaturesConfig } from '../../../config/schema.js';
import { counted, formatBytes, printable } from '../../../core/text.js';
import type { StoredKey } from '../../../features/inspect-store.js';
import { leftTable } from '../../figures/table.js';
import { printJson } from '../../output.js';
import type { FeaturesSubcommand } from './subcommand.js';

export const infoCommand: FeaturesSubcommand<typeof FeaturesConfig> = {
  name: 'info',
  description: 'List what a folder holds: for each model and way to prepare images, how many images and bytes.',
  notes: `
Examples:
  preannotate features info features
  preannotate features info features --json

Features are used again only with the same model, input size, tiles and precision: each combination has a key. "Last
used" is when a run last opened it.`,
  schema: FeaturesConfig,
  action: async (folder, { json, quiet }) => {
    const { listStoredKeys } = await import('../../../features/inspect-store.js');
    const keys = await listStoredKeys(folder);
    const images = keys.reduce((sum, key) => sum + key.images, 0);
    const bytes = keys.reduce((sum, key) => sum + key.bytes, 0);
    if (json) printJson({ folder, images, bytes, keys: keys.map(toJson) });
    else if (!quiet) {
      const total = `${counted(images, 'image')}, ${formatBytes(bytes)} in ${printable(folder)}`;
      process.stdout.write(`${[...formatTable(keys), total].join('\n')}\n`);
    }
  },
};

function toJson({ hash, model, key, images, bytes, usedMs }: StoredKey) {
  return {
    key: hash,
    ...(model === undefined ? {} : { model }),
    ...(key === undefined ? {} : { settings: key }),
    images,
    bytes,
    ...(usedMs === undefined ? {} : { last_used: new Date(usedMs).toISOString() }),
  };
}

function formatTable(keys: readonly StoredKey[]): string[] {
  if (keys.length === 0) return [];
  const head = ['key', 'model', 'input', 'precision', 'stored as', 'tiles', 'images', 'size', 'last used (UTC)'];
  return leftTable([head, ...keys.map(cellsOf)]);
}

function cellsOf({ shortHash, model, key = {}, images, bytes, usedMs }: StoredKey): string[] {
  const textOf = (name: string) => (typeof key[name] === 'string' ? printable(key[name]) : '?');
  const { height, width, tiles } = key;
  return [
    shortHash,
    model === undefined ? '?' : printable(model),
    typeof height === 'number' && typeof width === 'number' ? `${height} x ${width}` : '?',
    textOf('precision'),
    textOf('dtype'),
    tiles === undefined ? '?' : tiles === null ? 'no' : 'yes',
    String(images),
    formatBytes(bytes),
    usedMs === undefined ? '?' : new Date(usedMs).toISOString().slice(0, 16).replace('T', ' '),
  ];
}
