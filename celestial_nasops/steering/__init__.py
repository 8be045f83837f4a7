"""What an operator asks and tells the daemon by its own command. It shares nothing with the daemon but its files."""
