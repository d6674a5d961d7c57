"""Handing the audit log on to a SIEM: what is sent, where to, and how far it went."""
