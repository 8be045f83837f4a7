"""Tests of both packages. They use real parts: SQLite files, processes, sockets, an SSH server on loopback."""
