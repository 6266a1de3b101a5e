"""What every test may use: the mark `requirement`, PostgreSQL, databases, the embedder."""

pytest_plugins = (
    "pytester",
    "tests.plugins.garbage",
    "tests.plugins.memory",
    "tests.plugins.requirement",
    "tests.plugins.reruns",
    "tests.plugins.suites",
    "tests.plugins.together",
    "tests.plugins.untraced",
    "tests.support.postgres",
    "tests.support.database",
    "tests.support.embeddings",
)
