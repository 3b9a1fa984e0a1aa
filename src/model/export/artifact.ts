import { readOnnx } from '../../onnx/read-model.js';
import type { Artifact } from '../artifact.js';
import type { Checkpoint, ExportFile } from '../checkpoint/checkpoint.js';
import type { ModelTraits } from '../family.js';
import { cutExport } from './cut.js';
import { withFileInErrors } from './files.js';
import { buildExportImageGraph, buildExportTextGraph, type SplitExport } from './graphs.js';
import { checkSize } from './interface.js';

/** An export as sessions open it: its own nodes, cut in two. */
export async function openExport(
  { preprocessor, weightsFolder }: Checkpoint,
  exported: ExportFile,
  traits: ModelTraits,
): Promise<Artifact> {
  const model = await readOnnx(exported.path);
  const source = await withFileInErrors(exported.path, (): SplitExport => {
    checkSize(model, traits);
    return { cut: cutExport(model), traits, preprocessor, fileOf: exported.fileOf };
  });
  // 8-bit activations are scaled over a whole batch: alone, a result cannot depend on its neighbours or on padding.
  const atOnce = exported.precision === 'int8' ? 1 : Infinity;
  return {
    imagesAtOnce: source.cut.anyBatch ? atOnce : 1,
    textsAtOnce: atOnce,
    image: (options) => ({ graph: buildExportImageGraph(source, options), weightsFolder }),
    text: () => ({ graph: buildExportTextGraph(source), weightsFolder }),
  };
}
