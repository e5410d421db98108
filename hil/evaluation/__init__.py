"""Evaluation of trials with truth, as the regulations ask for it: sensitivity by participant, gaze locations, points, exclusions.

It stands on the bench and not in ``dms assess``, because it needs the truth of many trials, which the product must never see.
"""
