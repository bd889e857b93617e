"""The words of the pages for the codes of the method. English here, Chinese in the catalogue."""

from collections.abc import Mapping

from agent.language import N_
from collectors.base import Reason
from sla.model import Cause, Outcome, State

STATES: Mapping[State, str] = {
    State.UP: N_("up"),
    State.DEGRADED: N_("degraded"),
    State.DOWN: N_("down"),
    State.UNKNOWN: N_("unknown"),
    State.OUT: N_("out of service"),
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.OK: N_("ok"),
    Outcome.FAILED: N_("failed"),
    Outcome.ERROR: N_("not measured"),
}

CAUSES: Mapping[Cause, str] = {
    Cause.PROBE: N_("confirmed by readings"),
    Cause.NO_READING: N_("no valid reading"),
    Cause.UNCONFIRMED: N_("a change was not confirmed before readings ended"),
    Cause.AGENT_DOWN: N_("the agent did not run; not confirmed since"),
    Cause.ISOLATED: N_("the vantage itself is cut off"),
    Cause.WITHDRAWN: N_("withdrawn from the configuration"),
    Cause.NEVER: N_("not confirmed by readings yet"),
    Cause.IMPORTED: N_("imported"),
}

REASONS: Mapping[str, str] = {
    Reason.TIMEOUT: N_("no answer in time"),
    Reason.REFUSED: N_("connection refused"),
    Reason.UNREACHABLE: N_("the path reports it unreachable"),
    Reason.RESET: N_("connection reset"),
    Reason.CLOSED: N_("closed before it answered"),
    Reason.NAME: N_("the name does not exist"),
    Reason.PROTOCOL: N_("not this protocol"),
    Reason.MISMATCH: N_("not the expected answer"),
    Reason.STATUS: N_("HTTP status not accepted"),
    Reason.REDIRECT: N_("redirect not accepted"),
    Reason.TOO_LARGE: N_("answer too large"),
    Reason.CERTIFICATE: N_("certificate does not verify"),
    Reason.TLS: N_("TLS handshake failed"),
    Reason.NOT_RUNNING: N_("process does not run"),
    Reason.LOSS: N_("nearly all echoes lost"),
    Reason.PERMISSION: N_("this agent may not measure it"),
    Reason.NO_ROUTE: N_("this host has no route to it"),
    Reason.LIMITED: N_("it is alive but does not let us measure"),
    Reason.RESOURCES: N_("this host ran out of resources"),
    Reason.RESOLVER: N_("the resolver did not answer"),
    Reason.LATE: N_("this agent was too late to judge"),
    Reason.CLOCK: N_("this agent's clock is in doubt"),
    Reason.ISOLATED: N_("the vantage itself is cut off"),
    Reason.STOPPED: N_("the agent was stopping"),
    Reason.UNREAD: N_("its own agent or exporter could not read it"),
    Reason.INTERNAL: N_("an error of this agent"),
}

DEGRADED: Mapping[str, str] = {
    "loss": N_("packet loss"),
    "rtt": N_("round trip too long"),
    "jitter": N_("jitter"),
    "slow": N_("slow"),
    "certificate": N_("certificate near its end"),
    "usage": N_("resources near their limit"),
    "blip": N_("short failure"),
    "flapping": N_("flapping"),
    "redundancy": N_("redundancy lost"),
    "clock_skew": N_("clock skew"),
    "family": N_("one IP version fails"),
    "picture": N_("picture bad"),
    "vantages": N_("vantages disagree"),
    "imported": N_("imported"),
    "confirm": N_("first module failed, second answered"),
    "member": N_("a member is not up"),
    "other": N_("another limit"),
}

NOTHING_MEASURED = N_("nothing was measured")
NOT_IN_SERVICE = N_("not in service")

ERRORS: Mapping[int, str] = {
    0: N_("This request cannot be answered"),
    400: N_("This question cannot be answered"),
    403: N_("This request is refused"),
    404: N_("There is no such page"),
    405: N_("This address takes no such request"),
    421: N_("This is not a name of the agent"),
    500: N_("The agent made an error of its own"),
    503: N_("The agent cannot answer just now"),
}
