"""The simulator's page: a phone for every borrower, what was refused, and what goes wrong on purpose."""
