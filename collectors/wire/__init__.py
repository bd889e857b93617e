"""Pure codecs: bytes to dataclasses and back, no sockets."""
