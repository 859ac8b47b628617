"""Profiles: which sizes, how many processes and how much time; TOML files beside this one."""
