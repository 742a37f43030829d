"""``python -m scanpick`` is the command ``scanpick``."""

from scanpick.cli.main import main

main()
