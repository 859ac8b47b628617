"""The far side in another process: what crosses, who runs it, and on which CPU."""
