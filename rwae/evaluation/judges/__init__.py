"""The judges of the evaluation: `python -m rwae.evaluation.judges` trains one."""
