"""What a study's seeds say: means, paired differences, ratios and curves, each with how sure it is.

A **seed** is one repetition of a study: its own initial frames, shared by all strategies, so that strategies are
compared seed by seed. Seeds are the only thing that is resampled: the evaluation frames are the same for all.
"""
