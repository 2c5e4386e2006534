"""Measurements, not tests: nothing here passes or fails by the clock. `make bench` runs them."""
