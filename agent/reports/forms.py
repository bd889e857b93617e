"""The forms in which a report is a file."""

from collections.abc import Mapping
from enum import StrEnum
from io import BytesIO

from agent.reports.content import Report
from agent.reports.html import html_text
from agent.reports.xlsx import write_xlsx


class Form(StrEnum):
    """What a report's file is."""

    HTML = "html"
    XLSX = "xlsx"


TYPES: Mapping[Form, str] = {
    Form.HTML: "text/html",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""As HTTP names them."""


def rendered(report: Report, form: Form) -> bytes:
    """The whole file. Errors: AgentError where there is no room for it."""
    if form is Form.HTML:
        return html_text(report).encode()
    file = BytesIO()
    write_xlsx(report, file)
    return file.getvalue()
