const EPSILON = 1e-6; // of the class head in transformers, which divides queries by their norm plus this

/** @returns [T], of length 1: an embedding as the class head compares patches with it. */
export function normalise(embedding: Float32Array): Float32Array {
  const divisor = Math.hypot(...embedding) + EPSILON;
  return embedding.map((value) => value / divisor);
}

/**
 * The query of each prompt: the mean of the unit vectors of its texts, which is not made a unit vector again. Logits
 * are linear in the query, so it gives the mean of the logits of its texts, as the original evaluates templates.
 *
 * @param embeddings - [texts, T], those of a prompt one after the other.
 * @param counts - Texts of each prompt.
 * @returns [prompts, T]
 * @see google-research/scenic `projects/owl_vit/evaluator.py`
 */
export function averageTexts(embeddings: Float32Array, counts: readonly number[], width: number): Float32Array {
  const queries = new Float32Array(counts.length * width);
  let from = 0;
  for (const [row, count] of counts.entries()) {
    const sum = new Float64Array(width);
    for (const end = from + count * width; from < end; from += width) {
      const text = normalise(embeddings.subarray(from, from + width));
      for (let i = 0; i < width; i++) sum[i]! += text[i]!;
    }
    queries.set(
      sum.map((value) => value / count),
      row * width,
    );
  }
  return queries;
}
