"""The words: what travels between phone, API and workers. Imports nothing of ours."""
