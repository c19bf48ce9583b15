"""What is owed and by whom. Pure: no AWS, no clock, no WhatsApp."""
