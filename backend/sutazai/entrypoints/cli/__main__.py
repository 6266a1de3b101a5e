"""Run the command line as `python -m sutazai.entrypoints.cli`."""

import sys

from sutazai.entrypoints.cli import main

sys.exit(main())
