"""The page of an agent with 43 000 cameras, as text: every family that a dashboard asks for, in the size of a city."""

from collections.abc import Iterator, Mapping

from agent.page import labels as written

CAMERAS = 43_000
DOWN = 50
"""One camera in so many is down."""

SITES, COUNTIES, HOSTS, SERVICES, OPEN, INDICATORS = 330, 10, 900, 300, 100, 29
CARRIERS = ("电信", "移动")
NOW = 1_767_225_600
STATES = ("up", "degraded", "down", "unknown")

Labels = Mapping[str, object]
Sample = tuple[str, Labels, float]


def page() -> str:
    """The text that a scrape gets."""
    return "".join(f"{name}{{{written(_as_text(labels))}}} {value}\n" for name, labels, value in samples())


def _as_text(labels: Labels) -> dict[str, str]:
    return {label: str(value) for label, value in labels.items()}


def samples() -> Iterator[Sample]:
    """All of it."""
    yield from _cameras()
    yield from _network()
    yield from _cloud()
    yield from _figures()
    yield from _faults()
    yield from _agent()


def _target(id_: str, kind: str, number: int) -> dict[str, object]:
    return {"target": id_, "kind": kind, "module": "m", "site": f"S-{number % SITES}", "vantage": "v"}


def _cameras() -> Iterator[Sample]:
    for number in range(CAMERAS):
        own = _target(f"CAM-{number}", "rtsp", number)
        is_down = number % DOWN == 0
        yield "sla_target_state", {**own, "state": "down" if is_down else "up"}, 1
        yield "sla_target_up", own, 0 if is_down else 1
        yield "sla_probe_duration_seconds", own, 0.1
        yield "sla_rtsp_options_seconds", own, 0.1
        yield "sla_rtsp_connect_seconds", own, 0.1
        yield "sla_rtsp_clock_skew_seconds", own, number % 90
        if is_down:
            yield "sla_probe_problem", {**own, "outcome": "failed", "reason": "timeout"}, 1
        elif number % 10 == 0:
            yield "sla_rtsp_describe_seconds", own, 0.2


def _network() -> Iterator[Sample]:
    for county in range(COUNTIES):
        yield "sla_county_info", {"county": f"6109{county:02}", "name": f"县{county}"}, 1
    for site in range(SITES):
        own = {"site": f"S-{site}"}
        yield "sla_site_info", {**own, "county": f"6109{site % COUNTIES:02}", "level": "township"}, 1
        yield "sla_site_up", own, 1
        yield "sla_site_redundancy_lost", own, float(site % 20 == 0)
        for number, carrier in enumerate(CARRIERS):
            link = {"link": f"L-{site}-{number}"}
            tier = "metro" if site < COUNTIES else "access"
            county = f"6109{site % COUNTIES:02}"
            yield "sla_link_info", {**link, "site": f"S-{site}", "county": county, "carrier": carrier, "tier": tier}, 1
            yield "sla_link_up", link, float(site % 20 != 0)
            yield "sla_link_contracted_bytes_per_second", link, 1e7
            for way in ("a_to_b", "b_to_a"):
                yield "sla_link_utilisation_ratio", {**link, "direction": way}, 0.3
                for name in ("in_errors", "out_errors", "in_discards", "out_discards"):
                    part = _target(f"RT-{site}#if/{number}{way}", "snmp", site)
                    yield f"sla_snmp_{name}_per_second", part, 0


def _cloud() -> Iterator[Sample]:
    for number in range(SERVICES):
        own = _target(f"SYS-{number}", "http", number)
        yield "sla_target_state", {**own, "state": "up" if number % 10 else "unknown"}, 1
        yield "sla_probe_duration_seconds", own, 0.1
        for stage in ("resolve", "connect", "tls", "processing", "transfer"):
            yield f"sla_http_{stage}_seconds", own, 0.1
        yield "sla_http_certificate_not_after_timestamp_seconds", own, NOW
        yield "sla_tls_certificate_not_after_timestamp_seconds", _target(f"T-{number}", "tls", number), NOW
    for number in range(HOSTS):
        own = _target(f"HOST-{number}", "host_page", number)
        yield "sla_target_state", {**own, "state": "up"}, 1
        for name in ("cpu_used", "cpu_iowait", "cpu_steal", "memory_used"):
            yield f"sla_host_{name}_ratio", own, 0.5
        for disk in ("/", "/var", "/data"):
            yield "sla_host_disk_used_ratio", {**own, "target": f"HOST-{number}#disk{disk}"}, 0.5


def _figures() -> Iterator[Sample]:
    for number in range(INDICATORS):
        own = {"plan": "demo", "indicator": f"i{number}", "period": "2026"}
        for verdict in ("no_target", "not_computable", "not_applicable", "met", "missed", "undetermined"):
            yield "sla_indicator_verdict", {**own, "verdict": verdict}, float(verdict == "met")
        for bound in ("low", "high"):
            for name in ("ratio", "numerator", "denominator"):
                yield f"sla_indicator_{name}", {**own, "variant": "all_in", "bound": bound}, 1
        for name in ("sla_indicator_target_ratio", "sla_indicator_measured_ratio", "sla_budget_remaining_ratio"):
            yield name, own, 0.9
        yield "sla_budget_allowed_seconds", own, 1
        yield "sla_budget_spent_seconds", own, 1
        yield "sla_burn_rate", {**own, "window": "period"}, 1
    for network in ("extranet", "video"):
        for level in ("city", "county", "township", "village"):
            yield "sla_coverage_ratio", {"network": network, "level": level}, 1
            for status in ("verified", "stale", "unmeasured", "undeclared", "none"):
                yield "sla_coverage_units", {"network": network, "level": level, "status": status}, 1
    for platform in ("P-1", "P-2", "P-3"):
        yield "sla_platform_up", {"platform": platform}, 1
    for role in ("core", "exit", "county_node", "node", "line", "component", "service", "host", "camera"):
        for county in range(COUNTIES):
            for state in STATES:
                yield "sla_population_targets", {"role": role, "county": f"6109{county:02}", "state": state}, 7


def _faults() -> Iterator[Sample]:
    for number in range(OPEN):
        own = {"fault": f"F-{number}", "root": f"R-{number}", "role": "node", "priority": "P3"}
        yield "sla_fault_age_seconds", own, number
        yield "sla_fault_deadline_timestamp_seconds", own, NOW
        yield "sla_fault_members", own, 5
        whose = {"name": "路由器", "site": "S-1", "county": "610900", "carrier": "电信", "responsible_unit": "某局"}
        yield "sla_fault_info", {**own, **whose}, 1
    for priority in ("P1", "P2", "P3", "P4"):
        yield "sla_faults_open", {"priority": priority}, 25
    for outcome in ("in_time", "late", "pending", "undecided"):
        yield "sla_faults", {"period": "2026", "outcome": outcome}, 9
    for le in ("300.0", "1800.0", "3600.0", "7200.0", "10800.0", "28800.0", "+Inf"):
        yield "sla_fault_clearing_seconds_bucket", {"role": "node", "le": le}, 3


def _agent() -> Iterator[Sample]:
    yield "sla_agent_build_info", {"version": "1", "method_version": "2026-11", "python_version": "3.11"}, 1
    for name in (
        "config_last_reload_successful", "config_last_reload_timestamp_seconds", "register_age_seconds",
        "store_durable_timestamp_seconds", "store_bytes", "store_waiting_edges", "store_refused_total",
        "store_commits_total", "store_edges_total", "clock_unresolved", "clock_offset_seconds",
    ):  # fmt: skip
        yield f"sla_agent_{name}", {}, 1
    for kind in ("icmp", "tcp", "http", "tls", "dns", "rtsp", "host", "host_page", "snmp"):
        for name in ("targets", "ticks_missed_total", "sweep_seconds", "probes_in_flight", "probes_waiting"):
            yield f"sla_agent_{name}", {"kind": kind}, 1
    for le in ("0.1", "1.0", "+Inf"):
        yield "sla_agent_lateness_seconds_bucket", {"le": le}, 1
        yield "sla_agent_loop_lag_seconds_bucket", {"le": le}, 1
    yield "sla_agent_vantage_isolated", {"plane": "business"}, 0
    yield "sla_agent_readings_dropped_total", {"cause": "store"}, 0
    yield "sla_agent_probe_requests_total", {"result": "probed"}, 0
    for name in ("process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"):
        yield name, {}, 1
