"""The terms of the objectives as pure functions: discrepancies in `mmd`, all others in `terms`."""
