"""Recordings of robots and vehicles: containers of messages on topics, and what is in the messages."""
