"""What all tests share."""

import os

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no finding
if "CI" not in os.environ:  # there hypothesis takes a profile of its own, as patient
    settings.load_profile("patient")
