"""The bus on RabbitMQ, by pika; `sutazai_kit.bus.rabbitmq.bus` opens it."""
