"""E-mails: compose approval requests, decisions and alarms, and send those that are due.

A row whose `email_at` has passed needs an e-mail; the caller sets it in its own transaction.
"""
