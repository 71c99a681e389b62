"""Three agents that read handwritten digits: real classifiers on real images, with real faults.

The agents know the platform by the SDK alone, everything else here by its HTTP API.
"""
