"""The command `sla-agent`."""

from agent.cli.main import app


def main() -> None:
    """Run one command; the exit status is the answer's (0), a check's (1) or a refusal's (2)."""
    app()


if __name__ == "__main__":
    main()
