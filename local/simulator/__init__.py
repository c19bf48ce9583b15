"""WhatsApp on one machine: Meta's send rules, signed webhooks, and people who answer."""
