"""How rows are read, one file per format: as a stream, each row with its line."""
