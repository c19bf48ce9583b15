"""`make replay`: a book of invoices lived through day by day, by the same importer, scheduler, decision and sender
that run on AWS, with a simulated clock; and checks of what was sent that know nothing of the decision.
"""
