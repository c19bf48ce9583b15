"""The provider: the only room that knows WhatsApp's JSON, codes and signatures."""
