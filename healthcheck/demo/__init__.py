"""A whole field in a temporary folder: queue, media, a NAS, the real daemon, the real agent."""
