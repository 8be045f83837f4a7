"""What is behind MediaStatusDB: connection, schema, statements, and the names of what can go wrong."""
