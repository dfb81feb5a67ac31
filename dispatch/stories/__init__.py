"""Whole nights as executable stories: the real matcher, actions and store, people who behave as people do.

`simulate` plays them on a stepped clock; dispatch/stories/demo.py plays one against a running server.
"""

from dispatch.stories.tales import StoryRefused
from dispatch.stories.telling import simulate

__all__ = ["StoryRefused", "simulate"]
