"""Sending to the Hugging Face Hub: a checkpoint, or the whole app as a Space."""
