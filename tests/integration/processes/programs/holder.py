"""Hold a home and do what each line of the input says: ``holder.py HOME``."""

import subprocess
import sys
from pathlib import Path

from sutazai.bootstrap.processes.instance import hold_instance

with hold_instance(Path(sys.argv[1]), api_url="http://127.0.0.1:10010") as instance:
    print("held", flush=True)
    for line in sys.stdin:
        if line.strip() == "stopping":
            instance.stopping()
            print("stopping", flush=True)
        elif line.strip() == "child":
            # Every descriptor that may be inherited is.
            child = subprocess.Popen(["sleep", "600"], close_fds=False)
            print(child.pid, flush=True)
