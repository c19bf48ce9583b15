"""The emulator, with the one package that it lacks: without cryptography it believes no token. In its environment
every function could import it.

python -P local/emulator.py PACKAGES: the folder of another environment that has it.
"""

import runpy
import sys
from importlib import import_module

USED = ("asymmetric.padding", "asymmetric.rsa", "hashes", "serialization")

sys.path.append(sys.argv.pop())
for name in USED:
    import_module(f"cryptography.hazmat.primitives.{name}")
sys.path.pop()
runpy.run_module("ministack", run_name="__main__")
