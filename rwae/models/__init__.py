"""The models: R-WAE, its variant for scenes of objects, and MoCoGAN; their networks and priors.

base: the interface of every model; registry: the class that belongs to a configuration.
"""
