/** The numbers in which the class embeddings of an image are kept. Its boxes and other small values are float32. */
export const FEATURE_DTYPES = ['float16', 'float32'] as const;
export type FeatureDtype = (typeof FEATURE_DTYPES)[number];
