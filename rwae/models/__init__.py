"""The models: R-WAE, its variant for scenes of objects, and MoCoGAN; their networks and priors.

base: what every model can do with codes; registry: the class that a configuration asks for.
"""
