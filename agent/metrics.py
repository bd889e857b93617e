"""Every metric name, type, unit and help of the agent. docs/metrics.md is held to this file; nothing else names one.

But for the page of /probe, whose families stand in agent/probing/families.py.
Ratios are 0..1, times are seconds. Free text never becomes a label. What is not known is no sample.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from collectors.base import Kind


class Type(StrEnum):
    """The types that are used."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Family(NamedTuple):
    """One family; `labels` are those beside the common ones of a target."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()


TARGET_LABELS = ("target", "kind", "module", "site", "vantage")

UP = Family(
    "sla_target_up",
    Type.GAUGE,
    "1 while the target is UP or DEGRADED, 0 while it is DOWN; no sample while it is UNKNOWN or out of service.",
)
STATE = Family(
    "sla_target_state", Type.GAUGE, "1 for the state last confirmed; the other states have no sample.", ("state",)
)
STREAK = Family(
    "sla_target_streak", Type.GAUGE, "Readings in a row that contradict the state and are not yet confirmed."
)
SECONDS = Family(
    "sla_target_seconds_total",
    Type.COUNTER,
    "Settled time in each state since the first reading: older than every open confirmation, never falls; "
    "out_of_service only once there is some.",
    ("state",),
)
PERIOD_SECONDS = Family(
    "sla_target_period_seconds",
    Type.GAUGE,
    "Time in each state since the period began (year or month of the zone), revisions included; only states with any.",
    ("period", "state"),
)
PROBES = Family("sla_probe_total", Type.COUNTER, "Probes that ended since the agent started.")
SUCCESSES = Family("sla_probe_success_total", Type.COUNTER, "Probes that ended ok since the agent started.")
DURATION = Family("sla_probe_duration_seconds", Type.GAUGE, "How long the last probe took, all its stages together.")
RTT = Family("sla_probe_rtt_seconds", Type.GAUGE, "Network round-trip time that the last answered probe saw.")
LOSS = Family("sla_probe_loss_ratio", Type.GAUGE, "Share of echoes of the last probe that were not answered.")
LAST_PROBE = Family(
    "sla_target_last_probe_timestamp_seconds",
    Type.GAUGE,
    "Kind host: when the last probe that gave a reading began; parts of one target that it saw have the same.",
)
PROBLEM = Family(
    "sla_probe_problem",
    Type.GAUGE,
    "1 with outcome and reason of the last reading where it was not ok, limits and self-check aside.",
    ("outcome", "reason"),
)

TARGET_FAMILIES = (
    UP,
    STATE,
    STREAK,
    SECONDS,
    PERIOD_SECONDS,
    PROBES,
    SUCCESSES,
    DURATION,
    RTT,
    LOSS,
    LAST_PROBE,
    PROBLEM,
)
"""Families with samples for every target: rendered line by line when a probe ends."""

COMMON_VALUES = frozenset({"rtt_seconds", "loss_ratio"})
"""Values that have a family of their own for all kinds."""


def value_families(kinds: Iterable[Kind]) -> Mapping[str, Mapping[str, Family]]:
    """By kind and value name: the family sla_<kind>_<value> of every value that a kind's readings may carry.

    A kind that shows its values as another one's has that kind's families where both have the value.
    """
    named = {kind.name: kind for kind in kinds}
    return {
        name: {
            value: Family(f"sla_{_family_kind(kind, value, named)}_{value}", _type_of(value), text)
            for value, text in kind.values.items()
            if value not in COMMON_VALUES
        }
        for name, kind in named.items()
    }


def target_families(kinds: Iterable[Kind]) -> list[str]:
    """The names of all families that targets have."""
    values = (family.name for families in value_families(kinds).values() for family in families.values())
    return [*(family.name for family in TARGET_FAMILIES), *dict.fromkeys(values)]


def is_named(name: str, wanted: Sequence[str]) -> bool:
    """Whether a family is among the wanted ones; `*` at the end of one stands for any ending, none at all for all."""
    return not wanted or any(name.startswith(each[:-1]) if each.endswith("*") else name == each for each in wanted)


def _family_kind(kind: Kind, value: str, named: Mapping[str, Kind]) -> str:
    other = named.get(kind.shows_as or "")
    return other.name if other is not None and value in other.values else kind.name


def _type_of(value: str) -> Type:
    return Type.COUNTER if value.endswith("_total") else Type.GAUGE


BUILD_INFO = Family(
    "sla_agent_build_info", Type.GAUGE, "1; what runs here.", ("version", "method_version", "python_version")
)
RELOAD_OK = Family(
    "sla_agent_config_last_reload_successful",
    Type.GAUGE,
    "1 if the last configuration was taken, 0 if refused.",
)
RELOAD_AT = Family(
    "sla_agent_config_last_reload_timestamp_seconds", Type.GAUGE, "When the configuration in force was loaded."
)
REGISTER_AGE = Family(
    "sla_agent_register_age_seconds", Type.GAUGE, "Age of the file that the targets were read from, looked at daily."
)
CONFIG_TARGETS = Family("sla_agent_targets", Type.GAUGE, "Targets that are scheduled.", ("kind",))
TICKS_MISSED = Family(
    "sla_agent_ticks_missed_total",
    Type.COUNTER,
    "Regular turns that passed without a probe because the one before ran or waited too long; that time is UNKNOWN.",
    ("kind",),
)
SWEEP = Family(
    "sla_agent_sweep_seconds", Type.GAUGE, "How long the last pass over all targets of the kind took.", ("kind",)
)
LATENESS = Family("sla_agent_lateness_seconds", Type.HISTOGRAM, "From the instant a probe was due to its launch.", ())
LOOP_LAG = Family("sla_agent_loop_lag_seconds", Type.HISTOGRAM, "How late the event loop woke up for its own pulse.")
IN_FLIGHT = Family("sla_agent_probes_in_flight", Type.GAUGE, "Probes under way.", ("kind",))
WAITING = Family("sla_agent_probes_waiting", Type.GAUGE, "Probes that are due and wait for room.", ("kind",))
GUESTS = Family("sla_agent_probe_requests_active", Type.GAUGE, "Probes under way that were asked for by /probe.")
ASKED_RESULTS = ("probed", "refused", "invalid", "busy", "stopping")
ASKED = Family(
    "sla_agent_probe_requests_total",
    Type.COUNTER,
    "Requests to /probe by what became of them: probed, refused (403), invalid (400, 500), busy or stopping (503).",
    ("result",),
)
DROPPED = Family(
    "sla_agent_readings_dropped_total",
    Type.COUNTER,
    "Probes or readings given up on our side, by cause; their time becomes UNKNOWN.",
    ("cause",),
)
ISOLATED = Family(
    "sla_agent_vantage_isolated", Type.GAUGE, "1 while the self-check says this vantage is cut off.", ("plane",)
)
SELFCHECK = Family(
    "sla_agent_selfcheck_present",
    Type.GAUGE,
    "1 if the plane has a gateway or anchors to check by.",
    ("plane",),
)
CLOCK_STEPS = Family("sla_agent_clock_steps_total", Type.COUNTER, "Steps of the wall clock of more than a second.")
CLOCK_OFFSET = Family(
    "sla_agent_clock_offset_seconds",
    Type.GAUGE,
    "How far the wall clock is ahead of the ledger's dating; beyond a second only after a step.",
)
CLOCK_UNRESOLVED = Family(
    "sla_agent_clock_unresolved",
    Type.GAUGE,
    "1 while nobody knows whether the wall clock is right after a step or a start: nothing irreversible runs.",
)
CLOCK_SYNCHRONISED = Family(
    "sla_agent_clock_synchronised",
    Type.GAUGE,
    "1 if the kernel calls its clock synchronised, 0 if not; no sample where it does not say.",
)
STORE_EDGES = Family("sla_agent_store_edges_total", Type.COUNTER, "Edges made durable since the agent started.")
STORE_COMMITS = Family("sla_agent_store_commits_total", Type.COUNTER, "Transactions made durable since the start.")
STORE_REFUSED = Family("sla_agent_store_refused_total", Type.COUNTER, "Transactions the store refused; retried.")
STORE_WAITING = Family("sla_agent_store_waiting_edges", Type.GAUGE, "Edges decided and not yet durable.")
STORE_DURABLE = Family(
    "sla_agent_store_durable_timestamp_seconds", Type.GAUGE, "Up to when the ledger is durable: the last heartbeat."
)
STORE_BYTES = Family("sla_agent_store_bytes", Type.GAUGE, "Size of the ledger's files.")
TRAPS = Family(
    "sla_agent_traps_total",
    Type.COUNTER,
    "Datagrams that came to the trap port, by what became of them; none of them is ever evidence.",
    ("fate",),
)
TRAPS_LISTENING = Family(
    "sla_agent_traps_listening",
    Type.GAUGE,
    "1 while traps are heard on the address, 0 while this host does not allow it.",
    ("address",),
)
REPORTS = Family(
    "sla_agent_reports_total",
    Type.COUNTER,
    "Reports of the calendar that were written, or failed; those are tried again every day.",
    ("result",),
)
REPORTS_MISSING = Family(
    "sla_agent_reports_missing", Type.GAUGE, "Reports that were due at the last look and could not be written."
)
EARLY_PROBES = Family(
    "sla_agent_early_probes_total", Type.COUNTER, "Probes that a hint, such as a trap, brought forward."
)

CHAIN_HEAD = Family("sla_agent_chain_head", Type.GAUGE, "Number of the last head of the chain (E3).")
CHAIN_UNTIL = Family(
    "sla_agent_chain_until_timestamp_seconds",
    Type.GAUGE,
    "Instant up to which durable rows are in a head of the chain.",
)
CHAIN_FAILURES = Family(
    "sla_agent_chain_failures_total", Type.COUNTER, "Heads or seals that could not be made; they are tried again."
)
SEALS = Family("sla_agent_seals_total", Type.COUNTER, "Seals that were made: of a month, or a revision.", ("kind",))
SEALS_MISSING = Family(
    "sla_agent_seals_missing", Type.GAUGE, "Months that are over for more than 72 h and wait to be sealed."
)
WITNESS_WAITING = Family("sla_agent_witness_waiting", Type.GAUGE, "Digests that wait for a witness.", ("witness",))
WITNESS_LINES = Family(
    "sla_agent_witness_lines_total",
    Type.COUNTER,
    "Digests by what became of them: delivered, failed once, or dropped as a later one covers them.",
    ("witness", "result"),
)
WITNESS_DELIVERED = Family(
    "sla_agent_witness_delivered_timestamp_seconds",
    Type.GAUGE,
    "When a witness last took a digest.",
    ("witness",),
)

PATHS = Family(
    "sla_agent_path_traces_total",
    Type.COUNTER,
    "Traces made for new faults: kept with the fault, or failed because this host could not make them.",
    ("result",),
)
PATHS_DROPPED = Family(
    "sla_agent_path_traces_dropped_total",
    Type.COUNTER,
    "New faults without a trace: no room in the queue, over or joined to another before its turn, the vantage cut "
    "off, or a trace to the same target within 10 min.",
    ("cause",),
)

NOTICES = Family(
    "sla_agent_notices_total",
    Type.COUNTER,
    "Notices by what became of them: sent, failed (a try, made again later), or dropped (queue full, or a day old).",
    ("sink", "outcome"),
)
NOTICES_WAITING = Family(
    "sla_agent_notices_waiting", Type.GAUGE, "Notices that are decided and not yet taken by the sink.", ("sink",)
)

FAULTS_OPEN = Family("sla_faults_open", Type.GAUGE, "Faults that are neither restored nor withdrawn.", ("priority",))
FAULTS = Family(
    "sla_faults",
    Type.GAUGE,
    "Faults whose clock started in the period, by outcome; evidence that comes later may change it.",
    ("period", "outcome"),
)
_OF_FAULT = ("fault", "root", "role", "priority")
FAULT_AGE = Family("sla_fault_age_seconds", Type.GAUGE, "Since the clock of an open fault started.", _OF_FAULT)
FAULT_DEADLINE = Family(
    "sla_fault_deadline_timestamp_seconds",
    Type.GAUGE,
    "When an open fault is late: 3 h after its clock.",
    _OF_FAULT,
)
FAULT_MEMBERS = Family("sla_fault_members", Type.GAUGE, "What an open fault has taken with it.", _OF_FAULT)
FAULT_INFO = Family(
    "sla_fault_info",
    Type.GAUGE,
    "1 for each open fault, with what the registers say of its root; county is a code of the division register.",
    (*_OF_FAULT, "name", "site", "county", "carrier", "responsible_unit"),
)
TARGET_FAULT = Family(
    "sla_target_fault",
    Type.GAUGE,
    "1 for what an open fault has taken, its root (part root) and its members: of each fault at most 200, in all 5000.",
    ("target", "fault", "root", "role", "part"),
)
IN_MAINTENANCE = Family(
    "sla_target_in_maintenance", Type.GAUGE, "1 while a counting window of the target or line runs (M1).", ("target",)
)
POPULATION = Family(
    "sla_population_targets",
    Type.GAUGE,
    "Targets and lines in service by the state last confirmed; county is the code of the one they stand in, empty "
    "outside any.",
    ("role", "county", "state"),
)
FAULT_CLEARING = Family(
    "sla_fault_clearing_seconds",
    Type.HISTOGRAM,
    "Clearing times, each fault once, when nothing can reopen it any more.",
    ("role",),
)
SITE_UP = Family(
    "sla_site_up",
    Type.GAUGE,
    "1 while any line of the site is up, 0 while all are DOWN; no sample while unknown.",
    ("site",),
)
SITE_REDUNDANCY = Family(
    "sla_site_redundancy_lost", Type.GAUGE, "1 while the site is up and one of its lines is DOWN.", ("site",)
)
PLATFORM_UP = Family(
    "sla_platform_up",
    Type.GAUGE,
    "1 while the platform is UP or DEGRADED by its components, 0 while it is DOWN; no sample while unknown.",
    ("platform",),
)

FAULT_FAMILIES = (
    FAULTS_OPEN,
    FAULTS,
    FAULT_AGE,
    FAULT_DEADLINE,
    FAULT_MEMBERS,
    FAULT_INFO,
    TARGET_FAULT,
    IN_MAINTENANCE,
    POPULATION,
    FAULT_CLEARING,
    SITE_UP,
    SITE_REDUNDANCY,
    PLATFORM_UP,
)
"""Faults, sites and platforms: small, kept by prometheus-client."""

_OF_ROW = ("plan", "indicator", "period")
INDICATOR_RATIO = Family(
    "sla_indicator_ratio",
    Type.GAUGE,
    "An indicator of a plan in the running year, by its bounds; no sample without data, nor of a count.",
    (*_OF_ROW, "variant", "bound"),
)
INDICATOR_NUMERATOR = Family(
    "sla_indicator_numerator",
    Type.GAUGE,
    "Its numerator; of time in seconds.",
    (*_OF_ROW, "variant", "bound"),
)
INDICATOR_DENOMINATOR = Family(
    "sla_indicator_denominator",
    Type.GAUGE,
    "Its denominator; of time in seconds.",
    (*_OF_ROW, "variant", "bound"),
)
INDICATOR_TARGET = Family(
    "sla_indicator_target_ratio", Type.GAUGE, "The target that the plan prints for the year; none, no sample.", _OF_ROW
)
INDICATOR_VERDICT = Family(
    "sla_indicator_verdict", Type.GAUGE, "1 for the verdict so far, 0 for the others.", (*_OF_ROW, "verdict")
)
INDICATOR_MEASURED = Family(
    "sla_indicator_measured_ratio", Type.GAUGE, "Share of the in-service time that is known (A4).", _OF_ROW
)
BUDGET_ALLOWED = Family(
    "sla_budget_allowed_seconds", Type.GAUGE, "Time that the target allows to be down in the whole year.", _OF_ROW
)
BUDGET_SPENT = Family("sla_budget_spent_seconds", Type.GAUGE, "Time that was down so far.", _OF_ROW)
BUDGET_REMAINING = Family(
    "sla_budget_remaining_ratio",
    Type.GAUGE,
    "Share of the allowed time that is left; negative where it is used up, no sample where none is allowed.",
    _OF_ROW,
)
BUDGET_RUNS_OUT = Family(
    "sla_budget_runs_out_timestamp_seconds",
    Type.GAUGE,
    "When nothing is left at the rate of the year so far; no sample where nothing is spent or none is allowed.",
    _OF_ROW,
)
LATE = Family(
    "sla_indicator_late", Type.GAUGE, "What missed its deadline so far, of an indicator that counts such.", _OF_ROW
)
LATE_ALLOWED = Family(
    "sla_indicator_late_allowed",
    Type.GAUGE,
    "How many late ones the target bears with the number so far (F4); no sample without a target.",
    _OF_ROW,
)
BURN_RATE = Family(
    "sla_burn_rate",
    Type.GAUGE,
    "How fast it is used: at 1 it just lasts for the year; no sample where none is allowed.",
    (*_OF_ROW, "window"),
)
COVERAGE_UNITS = Family(
    "sla_coverage_units",
    Type.GAUGE,
    "Units of the division register by what was seen of them in the last 168 h (C2).",
    ("network", "level", "status"),
)
COVERAGE_RATIO = Family(
    "sla_coverage_ratio", Type.GAUGE, "Verified units of all; no sample without a unit.", ("network", "level")
)

INDICATOR_FAMILIES = (
    INDICATOR_RATIO,
    INDICATOR_NUMERATOR,
    INDICATOR_DENOMINATOR,
    INDICATOR_TARGET,
    INDICATOR_VERDICT,
    INDICATOR_MEASURED,
    BUDGET_ALLOWED,
    BUDGET_SPENT,
    BUDGET_REMAINING,
    BUDGET_RUNS_OUT,
    BURN_RATE,
    LATE,
    LATE_ALLOWED,
    COVERAGE_UNITS,
    COVERAGE_RATIO,
)
"""Indicators of the plans that the configuration names: small, kept by prometheus-client."""

LINK_CONTRACTED = Family(
    "sla_link_contracted_bytes_per_second",
    Type.GAUGE,
    "Contracted rate in bytes, of a line in service of which the register names an interface.",
    ("link",),
)
LINK_UTILISATION = Family(
    "sla_link_utilisation_ratio",
    Type.GAUGE,
    "Mean rate between the last two probes of an interface at an end of the line, as a share of the contracted rate; "
    "seen at both ends, the greater; no sample where it is not known.",
    ("link", "direction"),
)

LINK_FAMILIES = (LINK_CONTRACTED, LINK_UTILISATION)
"""Lines that have an interface: written at the scrape."""

COUNTY_INFO = Family(
    "sla_county_info",
    Type.GAUGE,
    "1; a county that has sites in service, with its name in the register.",
    ("county", "name"),
)
SITE_INFO = Family(
    "sla_site_info",
    Type.GAUGE,
    "1; of which county and level a site in service is; empty for the city's own.",
    ("site", "county", "level"),
)
LINK_INFO = Family(
    "sla_link_info",
    Type.GAUGE,
    "1; of which far site, county, carrier and tier a line in service is.",
    ("link", "site", "county", "carrier", "tier"),
)
LINK_UP = Family(
    "sla_link_up",
    Type.GAUGE,
    "1 while the line is UP or DEGRADED by all that is evidence of it, 0 while it is DOWN; no sample while unknown.",
    ("link",),
)

REGISTER_FAMILIES = (COUNTY_INFO, SITE_INFO, LINK_INFO, LINK_UP)
"""What the registers say of sites and lines: written at the scrape."""

SELF_FAMILIES = (
    BUILD_INFO,
    RELOAD_OK,
    RELOAD_AT,
    REGISTER_AGE,
    CONFIG_TARGETS,
    TICKS_MISSED,
    SWEEP,
    LATENESS,
    LOOP_LAG,
    IN_FLIGHT,
    WAITING,
    GUESTS,
    ASKED,
    DROPPED,
    ISOLATED,
    SELFCHECK,
    CLOCK_STEPS,
    CLOCK_OFFSET,
    CLOCK_UNRESOLVED,
    CLOCK_SYNCHRONISED,
    STORE_EDGES,
    STORE_COMMITS,
    STORE_REFUSED,
    STORE_WAITING,
    STORE_DURABLE,
    STORE_BYTES,
    TRAPS,
    TRAPS_LISTENING,
    REPORTS,
    REPORTS_MISSING,
    EARLY_PROBES,
    PATHS,
    PATHS_DROPPED,
    CHAIN_HEAD,
    CHAIN_UNTIL,
    CHAIN_FAILURES,
    SEALS,
    SEALS_MISSING,
    WITNESS_WAITING,
    WITNESS_LINES,
    WITNESS_DELIVERED,
    NOTICES,
    NOTICES_WAITING,
)
"""Families about the agent itself: small, kept by prometheus-client."""
