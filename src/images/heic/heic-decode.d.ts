/** The part of the optional package that is used here. */
declare module 'heic-decode' {
  interface HeicPicture {
    readonly width: number; // pixels, upright
    readonly height: number;
    decode(): Promise<{ readonly data: Uint8ClampedArray }>; // [height, width, RGBA]
  }
  type HeicPictures = readonly HeicPicture[] & { dispose(): void };
  const heicDecode: { all(file: { readonly buffer: Uint8Array }): Promise<HeicPictures> };
  export default heicDecode;
}
