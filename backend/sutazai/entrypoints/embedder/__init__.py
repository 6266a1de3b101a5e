"""The embedder's process: one model behind a Unix socket or a port.

Nothing here imports pydantic, a web framework or the kit: the process is kept small.
"""
