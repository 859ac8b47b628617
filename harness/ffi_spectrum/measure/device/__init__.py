"""What is measured beside the launches' blocks: one file a topic."""
