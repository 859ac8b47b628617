"""What is written down: records, the file that holds them, and the machine's fingerprint."""
