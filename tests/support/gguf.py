"""A tiny model file for tests: a llama of random weights, written in the published GGUF format.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little endian). The
weights are float32 and come from a fixed seed, so the same call writes the same bytes. The
vocabulary is SentencePiece's: control tokens, all bytes, then pieces of English words, with a
space put in front of a text (`add_space_prefix`) as TinyLlama's has it.
"""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_F32 = 0
_ALIGNMENT = 32
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
TEXT = """
the of and to in is that it was for on are as with his they at be this from have or by one had not
but what all were when we there can an your which their said if do will each about how up out them
then she many some so these would other into has more her two like him see time could no make than
first been its who now people my made over did down only way find use may water long little very
after words called just where most know lighthouse keeper lamp sea ship night
"""
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}</s>\n"
    "{% endfor %}<|assistant|>\n"
)
Tensor = NDArray[np.float32]


def write_tiny_llama(
    path: Path, *, context: int = 1024, width: int = 32, layers: int = 1, seed: int = 0
) -> Path:
    """Write a model of random weights and give its path: about 0.3 MB, for ever saying words."""
    texts, scores, kinds = _vocabulary()
    heads, inner, size = 4, 2 * width, len(texts)
    head = {
        "general.architecture": "llama",
        "general.name": "tiny random llama",
        "general.alignment": _ALIGNMENT,
        "llama.context_length": context,
        "llama.embedding_length": width,
        "llama.block_count": layers,
        "llama.feed_forward_length": inner,
        "llama.attention.head_count": heads,
        "llama.attention.head_count_kv": heads,
        "llama.rope.dimension_count": width // heads,
        "llama.rope.freq_base": 10000.0,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": size,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": True,
        "tokenizer.chat_template": TEMPLATE,
    }
    tensors = _weights(np.random.default_rng(seed), size, width, inner, layers)
    path.write_bytes(_file(head, tensors))
    return path


def _vocabulary() -> tuple[list[str], list[float], list[int]]:
    """Give texts, scores and kinds of tokens: a token a word, a letter, a byte."""
    words = TEXT.split()
    letters = [chr(code) for code in range(33, 127)] + ["\u2581"]
    pieces = [
        *(f"\u2581{word}" for word in words),
        *(word[:end] for word in words for end in range(2, len(word) + 1)),
        *(f"\u2581{word[:end]}" for word in words for end in range(1, len(word))),
    ]
    known = list(dict.fromkeys(pieces))
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *([_BYTE] * 256)]
    scores = [0.0] * len(texts)
    # A merge goes to the piece with the highest score: whole words before their beginnings.
    texts += [*known, *letters]
    kinds += [_NORMAL] * (len(known) + len(letters))
    scores += [float(len(piece)) for piece in known] + [-1000.0] * len(letters)
    return texts, scores, kinds


def _weights(
    rng: np.random.Generator, size: int, width: int, inner: int, layers: int
) -> dict[str, Tensor]:
    def matrix(rows: int, columns: int) -> Tensor:
        values = rng.standard_normal((rows, columns), np.float32)
        return values * np.float32(columns**-0.5)

    ones = np.ones(width, np.float32)
    output = matrix(size, width) * np.float32(3)
    # The weights of what ends an answer and of lone bytes are none: it goes on, and in words.
    output[: 3 + 256] = 0
    tensors = {
        "token_embd": matrix(size, width) * np.float32(width**0.5),
        "output": output,
        "output_norm": ones,
    }
    for layer in range(layers):
        block = f"blk.{layer}"
        tensors |= {f"{block}.attn_norm": ones, f"{block}.ffn_norm": ones}
        tensors |= {f"{block}.attn_{name}": matrix(width, width) for name in ("q", "k", "v")}
        tensors[f"{block}.attn_output"] = matrix(width, width)
        tensors |= {f"{block}.ffn_{name}": matrix(inner, width) for name in ("gate", "up")}
        tensors[f"{block}.ffn_down"] = matrix(width, inner)
    return {f"{name}.weight": values for name, values in tensors.items()}


def _file(head: dict[str, object], tensors: dict[str, Tensor]) -> bytes:
    told = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(head))
    for name, value in head.items():
        told += _string(name) + _typed(value)
    offset, data = 0, b""
    for name, values in tensors.items():
        # Dimensions stand in the order of memory: the fastest first.
        dimensions = values.shape[::-1]
        told += _string(name) + struct.pack("<I", len(dimensions))
        told += struct.pack(f"<{len(dimensions)}QIQ", *dimensions, _F32, offset)
        raw = values.tobytes()
        data += raw + b"\0" * (-len(raw) % _ALIGNMENT)
        offset = len(data)
    return told + b"\0" * (-len(told) % _ALIGNMENT) + data


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _typed(value: object) -> bytes:
    if isinstance(value, Sequence) and not isinstance(value, str):
        kind = _kind(value[0])
        # Kinds of tokens are signed; lone numbers are not. Below 2^31 they are written alike.
        kind = _INT32 if kind == _UINT32 else kind
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + b"".join(map(_plain, value))
    return struct.pack("<I", _kind(value)) + _plain(value)


def _kind(value: object) -> int:
    match value:
        case bool():
            return _BOOL
        case int():
            return _UINT32
        case float():
            return _FLOAT32
    return _STRING


def _plain(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<?", value)
        case int():
            return struct.pack("<I", value)
        case float():
            return struct.pack("<f", value)
    return _string(str(value))
