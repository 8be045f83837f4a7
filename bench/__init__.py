"""Benchmarks: ``./dev bench [run]``. They judge nothing; they print figures beside the goals."""
