"""python -m dashboards.builders: write dashboards/grafana/*/*.json anew."""

import sys

from dashboards.builders.files import write


def main() -> int:
    """Write them and name what changed."""
    for path in write():
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
