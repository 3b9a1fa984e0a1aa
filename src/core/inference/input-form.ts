/**
 * How an image fills the model's input: stretched to it, or padded at the bottom and the right to a square first, with
 * black (letterbox) or with grey.
 */
export const FITS = ['stretch', 'letterbox', 'grey'] as const;
export type Fit = (typeof FITS)[number];

/** What a user asks for: `auto` is the default of the model's family, `letterbox` the padding of its original code. */
export type RequestedFit = Fit | 'auto';

/** How images come to a model, as it was decided. */
export interface InputForm {
  readonly fit: Fit;
}

/** How images are to come to whatever model is used. */
export interface RequestedForm {
  readonly fit: RequestedFit;
}
