"""Wiring only: settings, routes, entry points, and the stack that `make run` starts."""
