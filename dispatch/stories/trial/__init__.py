"""Trials: the real matcher against its rivals on hundreds of made nights, in memory, in minutes.

What a trial shares with the product: the roster, the gate, the travel formula, the policies, the lease and
standby rules of dispatch/domain. What it leaves out: the store and the wire. Three nights of every release
are played through both, and must give the same waves (tests/story/test_trial.py).
"""
