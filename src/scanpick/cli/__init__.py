"""The command line: a thin typed layer, one file per verb. Results go to stdout, progress and logs to stderr."""
