/** The part of micromatch that is used here; fast-glob matches with it. */
declare module 'micromatch' {
  const micromatch: {
    makeRe(pattern: string, options: { dot: boolean }): RegExp;
    braces(pattern: string, options: { expand: true; nodupes: true; keepEscaping: true }): string[];
  };
  export default micromatch;
}
