"""Export: write entries to CSV, XLSX, JSON lines or an evidence pack, and draw samples.

Formats and control totals only; requesting, storing and downloading exports is a service
(`services/exporting/`).
"""
