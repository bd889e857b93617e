"""What agent.yml says of the quality of lines, by tier (C4). docs/configuration.md is held to it."""

from typing import Annotated

from pydantic import Field

from agent.config.section import Section


class Tier(Section):
    """What a line may lose and how long it may take (C4)."""

    loss_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01,
        description="Largest share of the echoes of one probe that may be lost; of up to 99 echoes 0.01 allows none.",
    )
    rtt_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        0.05, description="Longest mean round trip of one probe, in seconds."
    )


class Tiers(Section):
    """Limits of lines by the `tier` of the register `links` (C4)."""

    backbone: Tier = Field(Tier(), description="Limits of lines of the backbone.")
    metro: Tier = Field(Tier(), description="Limits of lines within the city.")
    access: Tier = Field(Tier(), description="Limits of lines to those who are connected.")

    def of(self, name: str | None) -> Tier:
        """The limits of a tier; a line without one has to keep the strictest of all."""
        every = {"backbone": self.backbone, "metro": self.metro, "access": self.access}
        if name:
            return every[name]
        loss, rtt = (min(getattr(tier, value) for tier in every.values()) for value in ("loss_ratio", "rtt_seconds"))
        return Tier(loss_ratio=loss, rtt_seconds=rtt)
