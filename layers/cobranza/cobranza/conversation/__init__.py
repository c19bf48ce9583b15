"""What a borrower means. Pure: text in, intent out."""
