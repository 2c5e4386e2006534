"""Wiring only: settings, routes, the server's entry points, and the stack that `make run` starts."""
