/**
 * How an image fills the model's input: stretched to it, or padded at the bottom and the right to a square first, with
 * black (letterbox) or with grey. Unpadded is as letterbox, without the patches that hold nothing but padding.
 */
export const FITS = ['stretch', 'letterbox', 'grey', 'unpadded'] as const;
export type Fit = (typeof FITS)[number];

/** What a user asks for: `auto` is the default of the model's family, `letterbox` the padding of its original code. */
export type RequestedFit = Fit | 'auto';

/**
 * Where the positions of patches come from when the input is not of the size that the model was trained with: the upper
 * left part of the learnt grid, or all of it, resampled.
 */
export const POSITIONS = ['slice', 'interpolate'] as const;
export type Positions = (typeof POSITIONS)[number];

/** What a user asks for; `auto` slices where the original code of the model's family does. */
export type RequestedPositions = 'auto' | 'interpolate';

/** How images come to a model, as it was decided. */
export interface InputForm {
  readonly fit: Fit;
  readonly positions: Positions;
}

/** How images are to come to whatever model is used. */
export interface RequestedForm {
  readonly fit: RequestedFit;
  readonly positions: RequestedPositions;
}
