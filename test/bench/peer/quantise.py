"""Makes the 8-bit export that transformers.js opens as q8, as its conversion script does: dynamic quantisation.

usage: quantise.py <folder with model.onnx and model.onnx_data> <model_quantized.onnx>
"""

import shutil
import sys
import tempfile
from pathlib import Path

import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic


def fold_transposes(graph):
    """Stores weights as the products take them, as exports by torch do: only constants become 8 bits."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Transpose" and node.input[0] in weights]:
        order = next(list(attribute.ints) for attribute in node.attribute if attribute.name == "perm")
        values = numpy_helper.to_array(weights[node.input[0]]).transpose(order)
        graph.initializer.append(numpy_helper.from_array(values.copy(), node.output[0]))
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)


source, target = map(Path, sys.argv[1:])
with tempfile.TemporaryDirectory(dir=target.parent) as folder:
    # A copy: weights that have several hard links, as those of an export may, are refused.
    for name in ("model.onnx", "model.onnx_data"):
        shutil.copy(source / name, folder)
    model = onnx.load(Path(folder, "model.onnx"))
    fold_transposes(model.graph)
    folded = Path(folder, "folded.onnx")
    onnx.save(model, folded)
    quantize_dynamic(folded, target, weight_type=QuantType.QUInt8)
