"""Forward the audit log to a SIEM: event format, destinations and the cursor."""
