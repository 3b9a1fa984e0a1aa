import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { RequestError } from '../../http/request-error.js';

interface FormFile {
  readonly filename: string | undefined;
  readonly bytes: Buffer;
}

/** The parts of a form. */
export interface Form {
  readonly files: readonly FormFile[];
  readonly fields: Readonly<Record<string, string>>;
}

/** The field that holds an image also where it has neither a file name nor a type. */
const IMAGE_FIELD = 'image';

/** A file in this field is no image: `-F ontology=@yard.yaml`. */
const ONTOLOGY_FIELD = 'ontology';

const MAX_FIELDS = 20; // there are eight
const MAX_FIELD_BYTES = 1_000_000; // an ontology
const MAX_HEADERS = 20;

/**
 * Parses a multipart body. Its files are images, whatever their fields are called.
 *
 * @throws RequestError REQUEST_MALFORMED when it is truncated, has no boundary or repeats a field; BODY_TOO_LARGE when
 *   it has too many parts
 */
export function parseForm(body: Buffer, contentType: string, maxFiles: number): Promise<Form> {
  return new Promise((resolve, reject) => {
    const files: FormFile[] = [];
    const fields = new Map<string, string>();
    // The first rejection counts; later ones have no effect.
    const malformed = () =>
      reject(new RequestError('REQUEST_MALFORMED', 'The multipart body is truncated or not well-formed.'));
    const tooMany = (what: string) => () =>
      reject(new RequestError('BODY_TOO_LARGE', `The form has more than ${what}.`));
    const setField = (name: string, text: string, isTruncated: boolean) => {
      if (fields.has(name) || isTruncated) malformed();
      fields.set(name, text);
    };
    const form = openParser(contentType, maxFiles);
    form.on('file', (field, stream, filename: FormFile['filename']) => {
      const chunks: Buffer[] = [];
      stream.on('error', malformed);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks);
        if (field === ONTOLOGY_FIELD) setField(field, bytes.toString(), bytes.length > MAX_FIELD_BYTES);
        else files.push({ filename, bytes });
      });
    });
    form.on('field', (...[name, text, , isTruncated]) => setField(name, text, isTruncated));
    form.on('filesLimit', tooMany(`${maxFiles} files`));
    form.on('fieldsLimit', tooMany(`${MAX_FIELDS} fields`));
    form.on('partsLimit', tooMany(`${maxFiles + MAX_FIELDS} parts`));
    form.on('error', malformed);
    form.on('finish', () => {
      if (files.length > maxFiles) tooMany(maxFiles === 1 ? 'one file' : `${maxFiles} files`)();
      resolve({ files, fields: Object.fromEntries(fields) });
    });
    form.end(body);
  });
}

function openParser(contentType: string, maxFiles: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // An image needs no file name, and text needs no media type.
      isPartAFile: (field, type, filename) =>
        filename !== undefined || field === IMAGE_FIELD || /^(image\/|application\/octet-stream)/i.test(type ?? ''),
      limits: {
        files: maxFiles + 1, // the ontology may be a file
        fields: MAX_FIELDS,
        parts: maxFiles + MAX_FIELDS,
        fieldSize: MAX_FIELD_BYTES,
        headerPairs: MAX_HEADERS,
      },
    });
  } catch {
    throw new RequestError('REQUEST_MALFORMED', 'The multipart body has no boundary.');
  }
}
