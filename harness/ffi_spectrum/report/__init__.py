"""Estimates as tables for the terminal, for Markdown and for HTML; needs no compiler, Wasm runtime or rung."""
