"""Tables of a device's samples: one file a topic."""
