"""The file desk. Pure: bytes in, rows out."""
