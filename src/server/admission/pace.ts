const WEIGHT = 0.1; // of the newest batch: the last twenty or so count

/** How fast images have been computed of late. */
export class ServiceTime {
  /** Of one worker; 0 before the first image. */
  secondsPerImage = 0;

  /** @param inferMs - That the device took for a batch of so many images. */
  record(images: number, inferMs: number): void {
    const seconds = inferMs / images / 1000;
    this.secondsPerImage += (this.secondsPerImage === 0 ? 1 : WEIGHT) * (seconds - this.secondsPerImage);
  }
}
