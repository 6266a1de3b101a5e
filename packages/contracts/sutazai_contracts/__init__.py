"""What crosses a boundary in SutazAI: tasks, outcomes, events, messages, knowledge, errors."""
