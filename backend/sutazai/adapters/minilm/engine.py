"""The engine: tokens and vectors by all-MiniLM-L6-v2, synchronously, on the calling thread."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from tokenizers import Tokenizer

from sutazai.adapters.minilm.weights import DIMENSION, MAX_TOKENS
from sutazai_contracts.embedder import MAX_EMBED_CHARACTERS, pieces
from sutazai_contracts.errors import EmbedderUnavailable

Vectors = NDArray[np.float32]
Tokens = list[int]

# One text of full length, or several short ones. Slices of 256 to 1 024 tokens gave the same
# throughput, 2 048 a tenth less; small ones let a person's question in soonest and need least
# memory.
SLICE_TEXTS = 16
SLICE_TOKENS = MAX_TOKENS
# The tokenizer needs some 800 bytes a token for what it gives beside the ids: short pieces keep
# that small, and stop early on a long text.
PIECE_CHARACTERS = 2048

_CLS, _SEP, _PAD = 101, 102, 0
_ERRORS = (
    runtime.EPFail,
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NoSuchFile,
    runtime.NotImplemented,
    runtime.RuntimeException,
)


class Engine:
    """One model in memory. `tokenize` and `count` may run beside `run`, not beside each other."""

    def __init__(self, graph: Path, tokenizer: Path, *, threads: int = 1) -> None:
        """Load a graph written by `write_graph`, and the model's tokenizer.

        Args:
            graph: the ONNX file; its weights are mapped from the file beside it.
            tokenizer: the model's `tokenizer.json`.
            threads: threads of one inference; two are slower than one on a busy machine.
        """
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), _session_options(threads), providers=["CPUExecutionProvider"]
            )
        except _ERRORS as error:
            raise EmbedderUnavailable(f"The model's graph {graph} can't be loaded.") from error

    def count(self, text: str) -> int:
        """Count tokens, special ones left out."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def tokenize(self, text: str) -> Tokens:
        """Give the ids the model reads: at most `MAX_TOKENS`, the two special ones included."""
        ids: Tokens = [_CLS]
        for piece in pieces(text[:MAX_EMBED_CHARACTERS], PIECE_CHARACTERS):
            ids += self._tokenizer.encode(piece, add_special_tokens=False).ids
            if len(ids) >= MAX_TOKENS:
                break
        return [*ids[: MAX_TOKENS - 1], _SEP]

    def run(self, texts: Sequence[Tokens]) -> Vectors:
        """Embed one slice: shape `(len(texts), 384)`, rows of unit length."""
        shape = (len(texts), max(map(len, texts)))
        ids = np.full(shape, _PAD, np.int64)
        mask = np.zeros(shape, np.int64)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        try:
            (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        except _ERRORS as error:
            raise EmbedderUnavailable("The model failed on these texts.") from error
        return np.asarray(vectors, np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts in their order, slice by slice."""
        tokens = [self.tokenize(text) for text in texts]
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for rows in slices(tokens):
            vectors[rows] = self.run([tokens[row] for row in rows])
        return vectors


def slices(texts: Sequence[Tokens]) -> Iterator[list[int]]:
    """Group texts of like length: at most `SLICE_TEXTS` rows and `SLICE_TOKENS` padded tokens."""
    rows: list[int] = []
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        full = (len(rows) + 1) * len(texts[row]) > SLICE_TOKENS or len(rows) == SLICE_TEXTS
        if rows and full:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _session_options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads would spin and take the other processes' cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
