"""Live text: the port, the twin in process, and the voice an agent speaks with."""
