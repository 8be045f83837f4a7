"""What is behind the command media-sync-daemon: a main thread that watches, lanes that carry, and a deleter."""
