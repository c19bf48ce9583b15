"""`cobranza`: what an operator asks and tells a stack, over the same rooms as the functions."""
