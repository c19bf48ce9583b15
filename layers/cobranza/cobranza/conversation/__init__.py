"""What a borrower means. Pure: a text and a day in, a meaning with its reasons out."""
