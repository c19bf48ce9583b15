"""The files of a portfolio's day: one module for each report, listed in `close.REPORTS`."""
