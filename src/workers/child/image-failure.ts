import { messageOf, PreannotateError, type Failure } from '../../core/errors.js';
import type { ImageSource } from '../../core/image.js';
import { printable } from '../../core/text.js';

/** The failure of an image whose content is at fault; its message names the image. */
export function toFailure(error: unknown, source: ImageSource): Failure {
  const name = printable(source.name);
  if (error instanceof PreannotateError) {
    const failure = error.toFailure();
    return { ...failure, message: failure.message.includes(name) ? failure.message : `${name}: ${failure.message}` };
  }
  return {
    code: 'IMAGE_UNDECODABLE',
    message: `${name}: ${messageOf(error)}`,
    hint: 'Open the file in an image viewer, and save it again.',
  };
}
