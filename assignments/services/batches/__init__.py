"""Batches: what people and rules do to a batch and its rows after submission.

Pausing, stopping, releasing, completing, withdrawing, retrying, the automatic pause, the check
that the plan was not altered, and the one way of updating rows. Sending itself is in `sending/`.
May call `planning/`, `calls/`, `emails/` and `exporting/`.
"""
