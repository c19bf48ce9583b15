"""What a payment gateway tells: its signature and its JSON. Pure."""
