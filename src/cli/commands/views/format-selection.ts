type Values = Readonly<Record<string, number>>; // by class

/**
 * The selection of run.json for people: what is in force for each class, then the other options by the names that they
 * have in config files. `score_threshold` is left out: the thresholds already take it into account.
 */
export function formatSelection(stored: Readonly<Record<string, unknown>>): string {
  const { thresholds, nms_ious: limits, score_threshold: _, overrides_ontology: __, ...others } = stored;
  const { nms_iou: ___, ...rest } = others;
  const common = limits === undefined ? null : commonValue(limits as Values);
  const lines = [
    `Score thresholds: ${format(thresholds as Values)}`,
    ...(common === undefined ? [`IoU limits: ${format(limits as Values)}`] : []),
    `Selection: ${format(common === undefined ? rest : { nms_iou: common, ...rest })}`,
  ];
  return `${lines.join('\n')}\n`;
}

function format(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value === null ? 'none' : JSON.stringify(value)}`)
    .join(', ');
}

/** The threshold of all classes; undefined where they differ. */
export function commonThreshold(stored: Readonly<Record<string, unknown>>): number | undefined {
  return commonValue(stored['thresholds'] as Values);
}

/** The value of all classes; undefined where they differ. */
function commonValue(values: Values): number | undefined {
  const distinct = new Set(Object.values(values));
  return distinct.size === 1 ? [...distinct][0] : undefined;
}
