"""``python -m rewritegen``."""

import sys

from rewritegen.cli import main

if __name__ == "__main__":
    sys.exit(main())
