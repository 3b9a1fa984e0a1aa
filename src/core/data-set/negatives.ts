/** The share of images with nothing found that views have, unless it is limited. */
export const ALL_NEGATIVES = 1;
