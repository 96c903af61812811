"""The command line: light questions to a finished run."""
