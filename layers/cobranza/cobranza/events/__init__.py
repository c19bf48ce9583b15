"""What is told to others: one model for each kind of event, and nothing of a person in any. Pure."""
