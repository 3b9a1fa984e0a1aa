import type { StoredOptions } from '../header.js';

/** How the images of a run were looked at, in the form of an engine's job. */
export function toWorkerOptions(options: StoredOptions) {
  const { image_size: size, tiles, fit = 'auto' as const, positions, min_objectness: minObjectness } = options;
  return {
    allowTruncate: options.allow_truncate,
    form: { fit, positions: positions === 'slice' ? ('auto' as const) : ('interpolate' as const) },
    worker: {
      scoreFloor: options.score_floor,
      maxDetections: options.max_stored,
      maxPixels: options.max_pixels,
      maxBytes: options.max_bytes,
      strictImages: options.strict_images,
      exampleRule: 'auto' as const,
      ...(size === 'native' ? {} : { imageSize: { height: size[0], width: size[1] } }),
      ...(tiles === undefined ? {} : { tiles: toTiles(tiles) }),
      ...(minObjectness === undefined ? {} : { minObjectness }),
    },
  };
}

function toTiles({ size: [height, width], overlap, full_image: fullImage }: StoredOptions['tiles'] & object) {
  return { height, width, overlap, fullImage };
}
