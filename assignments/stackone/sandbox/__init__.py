"""Sandbox LMS: an embedded server that speaks the StackOne API, for demos and tests."""
