"""Editing by a loaded model: encode, swap, sweep, sample, decode; named directions; sprite sheets.

The app and notebooks use it.
"""
