"""Facts of a document by rules: what it names, and what it says belongs together.

Pure and deterministic: the same document gives the same facts. The rules know English; in other
languages names, dates in figures, numbers, links and code are found, definitions are not.
"""
