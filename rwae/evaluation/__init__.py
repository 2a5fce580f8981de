"""How well a model tells who from how it moves.

protocols: which scores belong to which data set; run: all scores of one model.
judges/: classifiers of real clips, their training and their cards.
scores/: what is measured on rendered clips, and the baselines.
codes/: what is measured on the codes: probes, mutual information.
naming/: directions of the static code that change one attribute.
naming/: directions of the static code that change one attribute, and how purely.
tables/: the scores as text.
"""

from rwae.classifiers import Judge
from rwae.evaluation.run import score_model

__all__ = ["Judge", "score_model"]
