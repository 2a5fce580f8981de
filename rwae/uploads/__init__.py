"""What a visitor brings: a clip from outside the data set, fitted to a model, judged, learned.

prepare:  bytes (N, H, W, 3) of any clip -> x (T, 3, S, S) as the model expects it, by stated rules
assess:   x -> how well the model draws it, beside clips that it knows
adapt:    x -> a copy of the model that draws this character, and the codes of x
"""
