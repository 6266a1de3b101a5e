"""Durable tasks end to end: ours beside Celery's, on the same RabbitMQ and PostgreSQL."""
