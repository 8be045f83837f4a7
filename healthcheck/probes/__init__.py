"""The six probes. Each measures in a few lines that touch the world, and judges in a pure function."""
