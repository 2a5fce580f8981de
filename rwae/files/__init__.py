"""What goes in and out: checkpoints, model cards, the Hub, clips and pictures."""
