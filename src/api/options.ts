/**
 * What programs may ask for. An option has the name of its flag in camelCase and takes what the flag or the config file
 * takes; `preannotate run --help` has the trade-offs. One that is undefined counts as not given. Beside these
 * declarations, programs need those of `AbortSignal` and `URL`: lib "DOM", or \@types/node.
 */

/** A class of an ontology. */
export interface OntologyClass {
  readonly name: string;
  readonly prompts?: string | readonly string[]; // wordings; may be left out where there are examples
  readonly examples?: readonly (string | OntologyExample)[]; // pictures of it, beside or instead of prompts
  readonly threshold?: number; // on scores, 0 to 1
  readonly id?: number; // as annotation files number it, from 1
}

/** A picture of what to find. */
export interface OntologyExample {
  readonly image: string; // path, relative to the working folder
  readonly box?: readonly [x1: number, y1: number, x2: number, y2: number]; // of the object, pixels; else all of it
}

/** What to find, as in an ontology file. */
export interface OntologyMapping {
  readonly classes: readonly (string | OntologyClass)[]; // a name alone is its own prompt
  readonly ignore?: readonly (string | OntologyExample)[]; // what competes for boxes and gives none
  readonly templates?: string | readonly string[]; // sentences that have {} for the prompt
  readonly canonical?: boolean; // false: prompts are asked as they are written
  readonly threshold?: number; // of classes without their own
}

/**
 * What to find: the path of an ontology file, the name of one that comes with the package (emoji, coco, bottles), or
 * what such a file holds: `{ classes: [...] }`, or in short `{ 'a photo of a cup': 'cup' }`.
 */
export type Ontology = string | OntologyMapping | Readonly<Record<string, string | readonly string[]>>;

/** Which of the boxes that the model found are given. */
export interface SelectionOptions {
  readonly scoreThreshold?: number | undefined; // boxes score above it, 0 to 1; default 0.1, or the ontology's
  readonly nmsIou?: number | undefined; // of boxes of a class that overlap more (IoU), the best stays; default 0.5
  readonly nms?: boolean | undefined; // false: overlapping boxes stay
  readonly classAgnosticNms?: boolean | undefined; // boxes of different classes suppress each other too
  readonly maxDetections?: number | undefined; // an image, best first; default 300
}

/** What to find, and with which model. */
export interface ModelOptions {
  readonly ontology?: Ontology | undefined;
  readonly class?: string | readonly string[] | undefined; // instead: 'cup', 'bottle=a bottle,glass bottle'
  readonly model?: string | undefined; // builtin:emoji, a Hugging Face id, or a folder; see `preannotate models list`
  readonly imageSize?: number | readonly [height: number, width: number] | undefined; // of the model's input, pixels
  readonly fit?: 'auto' | 'stretch' | 'letterbox' | 'grey' | 'unpadded' | undefined;
  readonly positions?: 'auto' | 'interpolate' | undefined;
  readonly tiles?: number | string | TileOptions | undefined; // cuts large images
  readonly exampleRule?: 'auto' | 'transformers' | undefined;
  readonly minObjectness?: number | undefined; // OWLv2 only, 0 to 1
  readonly allowTruncate?: boolean | undefined; // of prompts that are too long
  readonly scoreFloor?: number | undefined; // boxes below it are not kept; default 0.05
}

/** How large images are cut; keys are as in a config file. */
export interface TileOptions {
  readonly size: number | readonly [height: number, width: number]; // pixels
  readonly overlap?: number; // share of a tile, 0 to 1
  readonly full_image?: boolean; // the whole image is looked at too
}

/** Where the model runs. */
export interface DeviceOptions {
  readonly device?: string | readonly string[] | undefined; // auto, or cpu, cuda, cuda:0, webgpu, coreml, dml
  readonly workersPerDevice?: number | undefined; // processes
  readonly threads?: number | undefined; // of each worker, on a CPU
  readonly maxBatchSize?: number | undefined;
  readonly batchingTimeoutSec?: number | undefined; // that a batch may wait to fill up
  readonly precision?: 'auto' | 'fp32' | 'fp16' | 'int8' | undefined;
  readonly optimizer?: 'onnxrt' | 'none' | 'shared-weights' | 'tensorrt' | 'cudagraphs' | undefined;
}

/** Which images are accepted. */
export interface ImageLimits {
  readonly maxPixels?: number | undefined;
  readonly maxBytes?: number | string | undefined; // of a file: 5000000, '256MB'
  readonly strictImages?: boolean | undefined; // refuses images that can be decoded only in part
}

/** How images are fetched from web servers and from S3. */
export interface RemoteOptions {
  readonly fetchConcurrency?: number | undefined; // at once, of one host or bucket
  readonly fetchTimeout?: number | string | undefined; // seconds, or '60s'
  readonly allowPrivate?: boolean | undefined; // also from private networks and this machine
  readonly s3Endpoint?: string | undefined;
  readonly s3PathStyle?: boolean | undefined;
  readonly s3NoSignRequest?: boolean | undefined;
}

/** Which annotation files are written. */
export interface ViewOptions {
  readonly format?: Format | readonly Format[] | undefined; // default coco and yolo
  readonly images?: 'symlink' | 'copy' | 'hardlink' | 'none' | undefined; // beside the labels of yolo and huggingface
  readonly split?: string | Readonly<Partial<Record<'train' | 'val' | 'test', number>>> | undefined; // shares; 'none'
  readonly splitBy?: string | undefined; // near, image, folder, or regex:<pattern>
  readonly splitSeed?: number | undefined;
  readonly reassign?: boolean | undefined; // divides all images anew
  readonly negatives?: 'keep' | 'drop' | number | undefined; // images with nothing found; a number is the share kept
  readonly onlyReviewed?: boolean | undefined; // only images that a person has accepted
  readonly writeUpright?: boolean | undefined; // images that EXIF turns are written upright
  readonly overwriteEdited?: boolean | undefined; // files that were edited
  readonly preview?: boolean | number | undefined; // images with the boxes drawn: all, or the first n
}

/** Formats of annotation files. */
export type Format = 'coco' | 'yolo' | 'voc' | 'label-studio' | 'cvat' | 'labelme' | 'csv' | 'huggingface';

/** Of an output folder that is locked by a process of which it is uncertain whether it has ended. */
export interface LockOptions {
  readonly takeOverAfter?: number | string | undefined; // seconds, or '5m', without a heartbeat
  readonly forceUnlock?: boolean | undefined;
}
