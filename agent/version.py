"""The one place that names the version of the product and of the method it counts by."""

VERSION = "0.1.0"
METHOD_VERSION = "2026-11"
