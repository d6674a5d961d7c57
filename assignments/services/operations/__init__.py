"""Operations: checks of the installation, worker heartbeats, the broker, display preferences.

Nothing here changes what is assigned.
"""
