"""What makes the tagger's model: the corpus and the training. Nothing here is needed at run time."""
