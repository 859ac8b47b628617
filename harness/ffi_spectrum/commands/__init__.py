"""What each command does. A command renders to the Screen it is given; only cli.py owns one, parses options and exits.

The modules import rich, NumPy and the rungs at their top: cli.py imports each when its command runs, so that `--help`
stays fast.
"""
