"""Raw samples of a device: one file a topic."""
