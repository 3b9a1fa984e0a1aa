import type { FetchSettings } from './fetch-settings.js';
import type { RemoteImages } from './remote-images.js';

/** Opens {@link RemoteImages}. Their HTTP library takes 50 ms to load, which runs over local images do not spend. */
export async function openRemoteImages(settings: FetchSettings): Promise<RemoteImages> {
  const library = await import('./remote-images.js');
  return new library.RemoteImages(settings);
}
