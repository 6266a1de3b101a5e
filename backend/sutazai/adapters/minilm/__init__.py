"""all-MiniLM-L6-v2 on onnxruntime: the graph, the engine, and the embeddings port in process."""

import os

# onnxruntime 1.31 keeps an id of this machine and reports its use to its vendor from its import
# on, unless this is in the environment by then. It reads it by the C library.
os.putenv("ORT_DISABLE_TELEMETRY", "1")
