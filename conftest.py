"""Loads the gate's plug-in in a checkout; an installed loragate registers the same module."""

pytest_plugins = ["harness.pytest_plugin"]
