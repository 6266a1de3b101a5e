"""Workflows, one YAML file each."""
