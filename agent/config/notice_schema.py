"""What may stand under `notices:`: who is told of faults, how and when."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from agent.config.section import Section
from agent.config.values import HttpUrl, MailAddress, Name, NightHours, NoticeSeconds, PathSeconds
from collectors.options import Secret

Priority = Literal["P1", "P2", "P3", "P4"]
NoticeRole = Literal[
    "core", "exit", "county_node", "node", "line", "platform", "component", "service", "host", "camera", "certificate"
]
ON_THE_CLOCK: tuple[NoticeRole, ...] = (
    "core", "exit", "county_node", "node", "line", "platform", "component", "service",
)  # fmt: skip


def _rising(steps: tuple[float, ...]) -> tuple[float, ...]:
    if list(steps) != sorted(set(steps)):
        raise ValueError("wanted steps that rise, each once, for example [60m, 120m, 150m, 180m]")
    return steps


class Sink(Section):
    """What every way out has."""

    timeout: PathSeconds = Field(10.0, description="Time for one try.")
    ca_file: str | None = Field(None, description="Certificates to trust instead of the system's.")
    least_priority: Priority = Field("P4", description="Faults below it are not told here: P1 is the highest.")


class Webhook(Sink):
    """An HTTP POST for each notice, in a form of the receiver's."""

    url: HttpUrl | None = Field(None, description="Where to, if there is no secret in it.")
    url_secret: Secret | None = Field(None, description="Where to, if there is: a robot's URL has its key in it.")
    template: Literal["json", "dingtalk", "wecom", "feishu"] = Field(
        "json", description="Form of the body; `json` has every field of the notice."
    )
    template_file: str | None = Field(
        None,
        description="A Jinja2 template of your own instead; a relative path begins at the folder of this file.",
    )
    sign: Literal["none", "dingtalk", "feishu"] = Field(
        "none", description="How it is signed: `dingtalk` in the URL, `feishu` in the body."
    )
    sign_secret: Secret | None = Field(None, description="The key of the signature.")
    authorization: Secret | None = Field(None, description="Value of the header Authorization, such as `Bearer …`.")


class Mail(Sink):
    """A mail for each notice."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="Server that takes the mail.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(25, description="Its port.")
    security: Literal["none", "starttls", "tls"] = Field("none", description="Whether and how it is encrypted.")
    user: str | None = Field(None, description="Name to log in with.")
    password: Secret | None = Field(None, description="Password to log in with.")
    sender: MailAddress = Field(description="Address that it comes from.")
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=50)] = Field(
        description="Addresses that it goes to."
    )


class Push(Sink):
    """Open faults as alerts of an Alertmanager, for sites without Prometheus."""

    url: HttpUrl = Field(description="Its address, without /api/v2/alerts.")
    authorization: Secret | None = Field(None, description="Value of the header Authorization, such as `Bearer …`.")
    resend: NoticeSeconds = Field(60.0, description="How often alerts are sent again; they end 4 times as long after.")


class Notices(Section):
    """Messages about faults, for sites without Prometheus and Alertmanager, or beside them."""

    lang: Literal["zh", "en"] = Field("zh", description="Language of the messages.")
    wait: NoticeSeconds = Field(
        60.0,
        description="How long a fault is open before it is told: what stands above it may turn out to be the root.",
    )
    clock: Annotated[tuple[NoticeSeconds, ...], Field(max_length=10), AfterValidator(_rising)] = Field(
        (3600.0, 7200.0, 9000.0, 10800.0), description="Ages at which an open fault is told again, more urgently."
    )
    repeat: NoticeSeconds = Field(
        43200.0, description="How long after the last word an open fault is told again; `0s`: never."
    )
    night: NightHours = Field(
        "", description="Local time without repeats, for example `22:00-07:00`; everything else is told at once."
    )
    roles: Annotated[tuple[NoticeRole, ...], Field(min_length=1)] = Field(
        ON_THE_CLOCK,
        description="Roles of roots that are told of; cameras, hosts and certificates only if they stand here.",
    )
    many: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, description="More notices of one sort at once than this become one that counts them."
    )
    webhooks: dict[Name, Webhook] = Field({}, description="Ways out over HTTP, by name.")
    mails: dict[Name, Mail] = Field({}, description="Ways out by mail, by name.")
    alertmanagers: dict[Name, Push] = Field({}, description="Alertmanagers, by name; name each of a cluster.")

    @property
    def sinks(self) -> dict[str, Sink]:
        """All ways out by name."""
        return {**self.webhooks, **self.mails, **self.alertmanagers}
