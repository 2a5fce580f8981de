"""Reads and writes files: checkpoints, cards, scores, codes, clips and pictures, and the Hub's."""
