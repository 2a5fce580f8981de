"""What the app and notebooks do with a model: encode, swap, sweep, sample, decode."""
