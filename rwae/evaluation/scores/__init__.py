"""What is measured on rendered clips: the tasks, the draws, the sweeps, and what to beat."""
