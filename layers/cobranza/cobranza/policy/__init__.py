"""What may be sent, when, and why. Pure: every decision is a value with a code and a reason."""
