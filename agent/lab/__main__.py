"""python -m agent.lab --config.file FILE: the lab and an agent, each a process of its own, begun and ended together."""

import sys

from agent.lab.launch import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
