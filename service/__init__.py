"""The front door: HTTP with FastAPI. Never imports workers."""
