/** Something wrong in the structure of a file. */
export interface Finding {
  /**
   * `odd`: decoders pass over it with a warning; `cut`: the file ends early; `damaged`: its content is invalid;
   * `unsupported`: a variant of the format that is not decoded.
   */
  readonly kind: 'odd' | 'cut' | 'damaged' | 'unsupported';
  readonly reason: string; // the end of a sentence; "it" is the image
}

/** The first bytes of a file are known: its type has been recognised by them. */
export type Inspect = (bytes: Buffer) => Iterable<Finding>;

export const odd = (reason: string): Finding => ({ kind: 'odd', reason });
export const cut = (where: string): Finding => ({ kind: 'cut', reason: `it is cut short ${where}` });
export const damaged = (reason: string): Finding => ({ kind: 'damaged', reason });
export const unsupported = (reason: string): Finding => ({ kind: 'unsupported', reason });
