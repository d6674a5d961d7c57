"""The life of assignments as a model: the real services, an LMS of our own, and an adversary."""
