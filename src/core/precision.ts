/**
 * The numbers that the image encoder computes with. The text encoder, which runs once an ontology, stays in float32.
 */
export const PRECISIONS = ['fp32', 'fp16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What a user asks for; `auto` leaves it to what the model and the device are best at. */
export type RequestedPrecision = Precision | 'auto';
