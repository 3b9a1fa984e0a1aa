import type { OwlCheckpoint } from '../../../../src/model/owl/config.js';
import type { Value } from '../../../../src/onnx/messages.js';
import { encoder, layerNorm, norm } from './layers.js';
import type { TorchGraph } from './torch-graph.js';

/** Token ids [rows, L] to normalised embeddings [rows, T]. @see transformers `OwlViTTextTransformer.forward` */
export function encodeTexts(
  torch: TorchGraph,
  { ids, mask }: { ids: Value; mask: Value },
  { config, modelType }: OwlCheckpoint,
): Value {
  const text = config.text_config;
  const tower = `${modelType}.text_model`;
  const length = torch.size(ids, 1);
  const flat = torch.reshape(ids, [-1, length]);
  const most = text.max_position_embeddings;
  const positions = torch.ints(
    Array.from({ length: most }, (_, i) => i),
    [1, most],
  );
  const used = torch.slice(positions, 0, torch.unsqueeze(length, [0]));
  const embedded = torch.op('Add', [
    torch.embedding(`${tower}.embeddings.token_embedding.weight`, flat),
    torch.embedding(`${tower}.embeddings.position_embedding.weight`, used),
  ]);
  const masks = [causalMask(torch, ids), paddingMask(torch, mask)];
  const encoded = encoder(torch, embedded, { name: `${tower}.encoder`, config: text, masks });
  const normed = layerNorm(torch, encoded, { name: `${tower}.final_layer_norm`, epsilon: text.layer_norm_eps });
  const rows = torch.op('Range', [torch.int(0), torch.size(normed, 0), torch.int(1)]);
  const ends = torch.op('ArgMax', [torch.cast(flat, 6)], { axis: -1, keepdims: 0 });
  const places = torch.op('Concat', [torch.unsqueeze(rows, [1]), torch.unsqueeze(ends, [1])], { axis: -1 });
  const projected = torch.linear(torch.op('GatherND', [normed, places]), `${modelType}.text_projection`, false);
  return torch.op('Div', [projected, norm(torch, projected)]);
}

/** [rows, 1, L, L]: 0 for what a token may look at, else as low as can be. */
function causalMask(torch: TorchGraph, ids: Value): Value {
  const length = torch.size(ids, 1);
  const steps = torch.op('Range', [torch.int(0), length, torch.int(1)]);
  const after = torch.reshape(torch.op('Add', [steps, torch.int(1)]), [length, 1]);
  const mask = torch.op('Where', [torch.op('Less', [steps, after]), torch.floats([0]), torch.floats([lowest(torch)])]);
  return torch.expand(torch.unsqueeze(mask, [0, 1]), [torch.size(ids, 0), 1, -1, -1]);
}

/** [rows, 1, L, L] from [rows, L] of ones and zeros. */
function paddingMask(torch: TorchGraph, mask: Value): Value {
  const length = torch.size(mask, 1);
  const wide = torch.expand(torch.unsqueeze(mask, [1, 2]), [torch.size(mask, 0), 1, length, length]);
  const inverted = torch.op('Sub', [torch.floats([1]), torch.cast(wide, torch.float)]);
  return torch.op('Where', [torch.cast(inverted, 9), torch.floats([lowest(torch)]), inverted]);
}

function lowest({ float }: TorchGraph): number {
  return float === 10 ? -65504 : -3.4028234663852886e38;
}

/**
 * [N, 3, H, W] to [N, h, w, D], the class token multiplied in.
 *
 * @see transformers `OwlViTForObjectDetection.image_text_embedder`
 */
export function encodeImages(torch: TorchGraph, pixels: Value, { config, modelType }: OwlCheckpoint): Value {
  const { patch_size: patch, image_size: side, hidden_size: width, layer_norm_eps: epsilon } = config.vision_config;
  const tower = `${modelType}.vision_model`;
  const grid = Math.floor(side / patch);
  const images = torch.options.batch === 'any' ? torch.size(pixels, 0) : torch.options.batch;
  const convolved = torch.convolution(pixels, `${tower}.embeddings.patch_embedding.weight`, patch);
  const flat = torch.reshape(convolved, [torch.size(convolved, 0), torch.size(convolved, 1), -1]);
  const patches = torch.op('Transpose', [flat], { perm: [0, 2, 1] });
  const classToken = torch.expand(torch.weight(`${tower}.embeddings.class_embedding`), [torch.size(pixels, 0), 1, -1]);
  const places = torch.ints(
    Array.from({ length: grid * grid + 1 }, (_, i) => i),
    [1, grid * grid + 1],
  );
  const embedded = torch.op('Add', [
    torch.op('Concat', [classToken, patches], { axis: 1 }),
    torch.embedding(`${tower}.embeddings.position_embedding.weight`, places),
  ]);
  const normed = layerNorm(torch, embedded, { name: `${tower}.pre_layernorm`, epsilon });
  const encoded = encoder(torch, normed, { name: `${tower}.encoder`, config: config.vision_config, masks: [] });
  const post = layerNorm(torch, encoded, { name: `${tower}.post_layernorm`, epsilon });
  const token = torch.expand(torch.slice(post, 0, torch.ints([1])), [images, grid * grid, width]);
  const merged = torch.op('Mul', [torch.slice(post, 1, torch.ints([2 ** 31])), token]);
  return torch.reshape(layerNorm(torch, merged, { name: 'layer_norm', epsilon }), [images, grid, grid, width]);
}
