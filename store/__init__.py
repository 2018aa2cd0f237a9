"""The memory: tables, audio, queues, changes. No HTTP, no models."""
