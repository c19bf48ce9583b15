"""What each function does, from its input to its last write: facts are read, a pure room decides, the result is
kept. Handlers wire these; nothing below knows them."""
