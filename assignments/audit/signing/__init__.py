"""Signing: keys, signed notes and checkpoints (C2SP formats, Ed25519), and files written once.

When a seal is made belongs in `seals/`. May call `merkle/`.
"""
