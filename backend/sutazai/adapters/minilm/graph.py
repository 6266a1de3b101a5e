"""The ONNX graph of all-MiniLM-L6-v2, written from its safetensors.

BERT with 6 layers (Devlin et al. 2018), mean pooling over the attention mask and L2
normalisation, as the model's `modules.json` says. Attention is onnxruntime's own fused operator
(`com.microsoft.Attention`): about a tenth faster than MatMul and Softmax, with less memory.
`onnx` and `safetensors` are imported on use: a process that only runs a graph stays small.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from io import BufferedWriter

BUILDER_VERSION = 1
"""Raise it with every change that changes the files written."""

LAYERS, HEADS, HIDDEN = 6, 12, 384
OPSET, IR_VERSION = 20, 9
# Page-aligned, so that onnxruntime maps each tensor from the file instead of copying it.
_ALIGNMENT = 4096
_INLINE_BYTES = 1024

Array = NDArray[Any]
Read = Callable[[str], NDArray[np.float32]]


def write_graph(tensors: Path, graph: Path, weights: Path) -> None:
    """Write the graph and, beside it, the file of weights it refers to by name.

    The same tensors give the same bytes.

    Args:
        tensors: the model's safetensors.
        graph: the ONNX file to write.
        weights: the file of weights to write, in the same folder.
    """
    from safetensors import safe_open

    with safe_open(tensors, framework="numpy") as stored, weights.open("wb") as file:
        writer = _GraphWriter(file, weights.name)
        _bert(writer, cast("Read", stored.get_tensor))
        graph.write_bytes(writer.serialize())


def _bert(graph: "_GraphWriter", read: Read) -> None:
    hidden = _embeddings(graph, read)
    mask = graph.op("Cast", "attention_mask", to=graph.types.INT32)
    for layer in range(LAYERS):
        hidden = _layer(graph, read, f"encoder.layer.{layer}.", hidden, mask)
    _pool(graph, hidden)


def _embeddings(graph: "_GraphWriter", read: Read) -> str:
    words = graph.tensor("words", read("embeddings.word_embeddings.weight"))
    # One text has one segment: its type is always 0, so its row goes into the positions.
    positions = read("embeddings.position_embeddings.weight")
    positions = positions + read("embeddings.token_type_embeddings.weight")[0]
    length = graph.op("Shape", "input_ids", start=1, end=2)
    used = graph.op(
        "Slice", graph.tensor("positions", positions), graph.integers("first", 0), length,
        graph.integers("rows", 0),
    )  # fmt: skip
    total = graph.op("Add", graph.op("Gather", words, "input_ids"), used)
    return _normalise(graph, read, "embeddings.LayerNorm", total)


def _layer(graph: "_GraphWriter", read: Read, name: str, hidden: str, mask: str) -> str:
    attention = name + "attention.self."
    parts = [attention + part for part in ("query", "key", "value")]
    weight = np.concatenate([read(f"{part}.weight") for part in parts]).T
    bias = np.concatenate([read(f"{part}.bias") for part in parts])
    context = graph.op(
        "Attention", hidden, graph.tensor(f"{attention}weight", weight),
        graph.tensor(f"{attention}bias", bias), mask, domain="com.microsoft", num_heads=HEADS,
    )  # fmt: skip
    hidden = _residual(graph, read, name + "attention.output", context, hidden)
    wide = graph.op("Gelu", _linear(graph, read, name + "intermediate.dense", hidden))
    return _residual(graph, read, name + "output", wide, hidden)


def _residual(graph: "_GraphWriter", read: Read, name: str, value: str, before: str) -> str:
    total = graph.op("Add", _linear(graph, read, f"{name}.dense", value), before)
    return _normalise(graph, read, f"{name}.LayerNorm", total)


def _linear(graph: "_GraphWriter", read: Read, name: str, value: str) -> str:
    weight = graph.tensor(f"{name}.weight", read(f"{name}.weight").T)
    product = graph.op("MatMul", value, weight)
    return graph.op("Add", product, graph.tensor(f"{name}.bias", read(f"{name}.bias")))


def _normalise(graph: "_GraphWriter", read: Read, name: str, value: str) -> str:
    weight = graph.tensor(f"{name}.weight", read(f"{name}.weight"))
    bias = graph.tensor(f"{name}.bias", read(f"{name}.bias"))
    return graph.op("LayerNormalization", value, weight, bias, axis=-1, epsilon=1e-12)


def _pool(graph: "_GraphWriter", hidden: str) -> None:
    counted = graph.op("Cast", "attention_mask", to=graph.types.FLOAT)
    counted = graph.op("Unsqueeze", counted, graph.integers("last", 2))
    tokens = graph.integers("tokens", 1)
    total = graph.op("ReduceSum", graph.op("Mul", hidden, counted), tokens, keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", counted, tokens, keepdims=0))
    graph.op("LpNormalization", mean, output="embedding", axis=-1, p=2)


class _GraphWriter:
    """Collect nodes; write large tensors to a file of their own as they come."""

    def __init__(self, file: "BufferedWriter", location: str) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self.types = TensorProto
        self._helper = helper
        self._from_array = numpy_helper.from_array
        self._file = file
        self._location = location
        self._nodes: list[Any] = []
        self._tensors: list[Any] = []

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node and name its output."""
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def integers(self, name: str, *values: int) -> str:
        """Add a small constant."""
        return self.tensor(name, np.array(values, np.int64))

    def tensor(self, name: str, array: Array) -> str:
        """Add a constant, in the graph where it is small and in the file where it is large."""
        array = np.ascontiguousarray(array)
        if array.nbytes <= _INLINE_BYTES:
            self._tensors.append(self._from_array(array, name))
            return name
        self._file.write(bytes(-self._file.tell() % _ALIGNMENT))
        external = self.types(
            name=name,
            data_type=self._helper.np_dtype_to_tensor_dtype(array.dtype),
            dims=array.shape,
            data_location=self.types.EXTERNAL,
        )
        place = {"location": self._location, "offset": self._file.tell(), "length": array.nbytes}
        for key, value in place.items():
            external.external_data.add(key=key, value=str(value))
        self._file.write(array.data)
        self._tensors.append(external)
        return name

    def serialize(self) -> bytes:
        """Give the bytes of the model that reads `input_ids` and `attention_mask`."""
        value = self._helper.make_tensor_value_info
        inputs = [
            value(name, self.types.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [value("embedding", self.types.FLOAT, ["batch", HIDDEN])]
        model = self._helper.make_model(
            self._helper.make_graph(self._nodes, "minilm", inputs, outputs, self._tensors),
            opset_imports=[
                self._helper.make_opsetid("", OPSET),
                self._helper.make_opsetid("com.microsoft", 1),
            ],
            ir_version=IR_VERSION,
        )
        return cast("bytes", model.SerializeToString(deterministic=True))
