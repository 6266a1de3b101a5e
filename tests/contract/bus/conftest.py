"""The server that the bus of the stack runs on."""

from tests.support.rabbitmq import rabbitmq

__all__ = ["rabbitmq"]
