"""The terms of the objectives as pure functions of tensors: `mmd`, and all others in `terms`."""
