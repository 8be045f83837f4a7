"""smoke-check: sends one marked file through the real media path and follows it to the end."""
