"""Names for directions of the static code: found by labels, measured by the judge.

fitting: a direction for each value of each attribute; following: what happens along one;
search: the best direction for each value, and which of them are offered.
"""
