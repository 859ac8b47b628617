"""From C sources to cached artifacts: compiler, targets, header reader, generated C."""
