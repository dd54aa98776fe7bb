"""Conditions in CEL (the Common Expression Language), evaluated in a process with limits.

engine = Engine()                                             # starts nothing yet
engine.check('box.fields["Deal size"] > 1000', ["box"])       # raises CelError if it is invalid
engine.judge('box.fields["Deal size"] > 1000', ["box"], {"box": {...}})    # True or False
"""

from boxwood.lib.cel.engine import LONGEST, CelError, Engine, Overrun

__all__ = ["LONGEST", "CelError", "Engine", "Overrun"]
