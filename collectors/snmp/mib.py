"""The objects that are read, by their numbers: SNMPv2-MIB, SNMP-FRAMEWORK-MIB and IF-MIB (RFC 3418, 3411, 2863)."""

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
ENGINE_ID = "1.3.6.1.6.3.10.2.1.1.0"
ENGINE_BOOTS = "1.3.6.1.6.3.10.2.1.2.0"
ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"
IF_NUMBER = "1.3.6.1.2.1.2.1.0"

IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
IF_TYPE = "1.3.6.1.2.1.2.2.1.3"
IF_ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
IF_LAST_CHANGE = "1.3.6.1.2.1.2.2.1.9"
IF_IN_OCTETS = "1.3.6.1.2.1.2.2.1.10"
IF_IN_DISCARDS = "1.3.6.1.2.1.2.2.1.13"
IF_IN_ERRORS = "1.3.6.1.2.1.2.2.1.14"
IF_OUT_DISCARDS = "1.3.6.1.2.1.2.2.1.19"
IF_OUT_ERRORS = "1.3.6.1.2.1.2.2.1.20"

IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
IF_HC_IN_OCTETS = "1.3.6.1.2.1.31.1.1.1.6"
IF_HC_OUT_OCTETS = "1.3.6.1.2.1.31.1.1.1.10"
IF_HIGH_SPEED = "1.3.6.1.2.1.31.1.1.1.15"
IF_ALIAS = "1.3.6.1.2.1.31.1.1.1.18"
IF_DISCONTINUITY = "1.3.6.1.2.1.31.1.1.1.19"

COUNTERS = {
    "in_errors": IF_IN_ERRORS,
    "out_errors": IF_OUT_ERRORS,
    "in_discards": IF_IN_DISCARDS,
    "out_discards": IF_OUT_DISCARDS,
}
"""32-bit counters by the name of their value."""

OF_EACH = (
    IF_TYPE, IF_ADMIN_STATUS, IF_OPER_STATUS, IF_LAST_CHANGE, IF_IN_OCTETS, IF_HC_IN_OCTETS, IF_HC_OUT_OCTETS,
    IF_HIGH_SPEED, IF_DISCONTINUITY, *COUNTERS.values(),
)  # fmt: skip
"""Columns that are read of each interface that is looked at."""

SOFTWARE_LOOPBACK = 24
"""An ifType."""

UP, DOWN, TESTING, UNKNOWN, DORMANT, NOT_PRESENT, LOWER_LAYER_DOWN = range(1, 8)
STATUS_NAMES = {
    UP: "up", DOWN: "down", TESTING: "testing", UNKNOWN: "unknown", DORMANT: "dormant", NOT_PRESENT: "notPresent",
    LOWER_LAYER_DOWN: "lowerLayerDown",
}  # fmt: skip
