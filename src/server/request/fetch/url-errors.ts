import { PreannotateError } from '../../../core/errors.js';

/**
 * The one answer for every URL that must not be fetched. It names no reason, and a name that does not exist gets it too:
 * who asks learns nothing about the networks this server can reach.
 */
export function urlRefusedError(): PreannotateError {
  return new PreannotateError({
    code: 'URL_REFUSED',
    message: 'image_url is not an address that this server fetches from, or its host is unknown.',
    hint:
      'Public http and https addresses are fetched, on ports 80, 443, 8080 and 8443, without a user name or password in ' +
      'them; other images can be sent as image_base64 or as a file. Whoever runs the server sets what is allowed with ' +
      '--allow-host, --allow-private and --no-url.',
  });
}

/** For a text that is no URL at all. */
export function urlInvalidError(reason: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `image_url ${reason}.`,
    hint: 'Give a whole address, such as https://example.org/photo.jpg.',
  });
}

/** For an address that may be fetched and gave no image; `reason` completes "image_url could not be fetched:". */
export function fetchFailedError(reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'URL_FETCH_FAILED',
      message: `image_url could not be fetched: ${reason}.`,
      hint: 'Check that the address opens as an image without signing in, or send the image as image_base64 or as a file.',
    },
    cause,
  );
}

/** For an address that may be fetched and was too slow. */
export function fetchTimeoutError(cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'URL_TIMEOUT',
      message: 'image_url could not be fetched in time.',
      hint: 'Try again later, or send the image as image_base64 or as a file.',
    },
    cause,
  );
}

/** For an answer of more bytes than allowed, said or sent. */
export function imageTooLargeError(maxBytes: number): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `image_url has more than the ${maxBytes} bytes allowed.`,
    hint: 'Use a smaller version of the image.',
  });
}
