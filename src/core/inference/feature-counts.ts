/** How many images came with stored features. */
export interface FeatureCounts {
  readonly read: number; // and neither decoded nor encoded
  readonly encoded: number;
  readonly damaged: number; // of those encoded: their stored features could not be used
}

export const NO_FEATURES: FeatureCounts = { read: 0, encoded: 0, damaged: 0 };

export function addCounts(a: FeatureCounts, b: FeatureCounts): FeatureCounts {
  return { read: a.read + b.read, encoded: a.encoded + b.encoded, damaged: a.damaged + b.damaged };
}
