"""Kind `http`: asks a URL once and says whether the answer is an accepted one, with the time of each step."""

from collectors.base import Kind
from collectors.http.collector import VALUES, HttpCollector, build
from collectors.http.options import HttpModule
from collectors.webclient.options import check_address

__all__ = ["KIND", "HttpCollector", "HttpModule", "check_address"]

KIND = Kind(
    name="http",
    module_type=HttpModule,
    build=build,
    check_address=check_address,
    values=VALUES,
    owns_deadline=True,
    asks_to_dial=True,
    concurrency=200,
    per_second=300,
)
