"""The audit log: complete, true, unalterable without notice, forgettable for a person."""
