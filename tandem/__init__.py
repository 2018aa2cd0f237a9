"""The command line, and the supervisor of the embedded system."""
