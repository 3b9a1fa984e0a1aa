/**
 * The selection of run.json for people: the threshold in force for each class, then the other options by the names that
 * they have in config files. `score_threshold` is left out: the thresholds already take it into account.
 */
export function formatSelection(stored: Readonly<Record<string, unknown>>): string {
  const { thresholds, score_threshold: _, overrides_ontology: __, ...others } = stored;
  const classes = Object.entries(thresholds as Record<string, number>);
  const format = (entries: readonly (readonly [string, unknown])[]) =>
    entries.map(([name, value]) => `${name} ${value === null ? 'none' : JSON.stringify(value)}`).join(', ');
  return `Score thresholds: ${format(classes)}\nSelection: ${format(Object.entries(others))}\n`;
}
