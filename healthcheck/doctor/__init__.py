"""``smoke-check doctor``: looks at all that the way of the media needs, and touches nothing."""
