"""Kill real processes and inject faults, then check that no assignment is lost or duplicated."""
