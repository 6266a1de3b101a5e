"""A child that keeps the rule of the parent's pipe: writes its pid to MARKER once it serves.

``child.py MARKER [--stubborn] [--broken-while FILE] --parent-fd N``; stubborn: breaks the rule and
ignores SIGTERM too; broken: exits at once while FILE is there.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("marker", type=Path)
parser.add_argument("--stubborn", action="store_true")
parser.add_argument("--broken-while", type=Path)
parser.add_argument("--parent-fd", type=int, required=True)
arguments = parser.parse_args()

if arguments.broken_while and arguments.broken_while.exists():
    print("the child is broken", flush=True)
    sys.exit(3)
if arguments.stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
arguments.marker.with_suffix(".new").write_text(str(os.getpid()))
arguments.marker.with_suffix(".new").replace(arguments.marker)
os.read(arguments.parent_fd, 1)
while arguments.stubborn:
    signal.pause()
