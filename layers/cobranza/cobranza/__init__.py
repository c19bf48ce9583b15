import gc

# Python looks for garbage after 2,000 new objects. A start makes a hundred thousand, and nearly all of them stay.
gc.set_threshold(100_000)
