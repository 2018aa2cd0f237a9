"""What Tandem says back: pure functions over closed catalogues; nothing is generated."""
