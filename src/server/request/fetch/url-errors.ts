import { PreannotateError } from '../../../core/errors.js';

/**
 * The one answer for every URL that must not be fetched. It gives no reason, and covers host names that do not exist,
 * so that clients learn nothing about the networks that this server can reach.
 */
export function urlRefusedError(): PreannotateError {
  return new PreannotateError({
    code: 'URL_REFUSED',
    message: 'image_url is not an address that this server fetches from, or its host is unknown.',
    hint:
      'The server fetches public http and https URLs on ports 80, 443, 8080 and 8443, without a user name or ' +
      'password in them; send other images as image_base64 or as a file. Its operator configures this with ' +
      '--allow-host, --allow-private and --no-url.',
  });
}

/** For a text that is not a URL. */
export function urlInvalidError(reason: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `image_url ${reason}.`,
    hint: 'Give a complete address, such as https://example.org/photo.jpg.',
  });
}

/** For an address that may be fetched and gave no image; `reason` completes "image_url could not be fetched:". */
export function fetchFailedError(reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'URL_FETCH_FAILED',
      message: `image_url could not be fetched: ${reason}.`,
      hint:
        'Check that the address opens as an image without signing in, or send the image as image_base64 or as a ' +
        'file.',
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

/** For an answer of more bytes than allowed, by its headers or its body. */
export function imageTooLargeError(maxBytes: number): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `image_url has more than the ${maxBytes} bytes allowed.`,
    hint: 'Use a smaller version of the image.',
  });
}
