"""E-mails: what the product writes to people, and the outbox that sends it.

Approval requests and alarms. Who needs to be told is decided by the caller; an e-mail is stored in
the caller's transaction and sent later.
"""
