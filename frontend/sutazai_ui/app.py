"""What Streamlit runs once for each look at the dashboard."""

import sys

from sutazai_ui.page import show

if __name__ == "__main__":
    show(sys.argv[1:])
