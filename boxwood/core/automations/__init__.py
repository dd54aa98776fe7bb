"""Automations: rules that start runs of steps."""
