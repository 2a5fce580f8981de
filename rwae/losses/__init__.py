"""The terms of the objectives, as pure functions of tensors: terms, and the MMDs in mmd."""
