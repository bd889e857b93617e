"""What to ask for DESCRIBE and what its answers say of the channel: one conversation, no sockets.

A device that refuses (401, 403, 453, 503) is alive and says nothing of the channel: that is an error of ours to
measure (`limited`), never evidence against it. Why: docs/adr/0013.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from collectors.base import Reading, Reason, error, failed, ok
from collectors.resolve import Address
from collectors.rtsp.devices import Manners, span
from collectors.rtsp.options import Account
from collectors.wire.rtsp import Response, request
from collectors.wire.rtsp_auth import Challenge, authorization, best, challenges
from collectors.wire.sdp import Description, NotSdpError, parse

AGENT = ("User-Agent", "egov-sla-agent")
_UNAUTHORIZED = frozenset({401, 407})
_FORBIDDEN = 403
_NOT_FOUND = 404
_BUSY = frozenset({453, 503})
_MOST_LOGINS = 2  # a nonce may be too old once


@dataclass(slots=True)
class Describing:
    """The DESCRIBE of one probe: `begin` and `heard` give the next request to send, or the reading that ends it."""

    device: Address
    path: str
    uri: str
    account: Account | None
    manners: Manners
    now: Callable[[], float]
    values: dict[str, float] = field(default_factory=dict)
    cseq: int = 1
    logins: int = 0
    held: Challenge | None = None
    """A challenge whose answer goes over a new connection, as the peer ends this one."""
    trying: bool = False
    """Whether a login was sent and has not been answered."""

    def begin(self) -> bytes | Reading:
        """Ask, unless the device is to be left alone."""
        credential = self.account.credential if self.account else None
        why = self.manners.why_not_ask(self.device, self.path, credential, self.now())
        if why:
            return self._limited(f"DESCRIBE was not asked: {why}")
        return self._ask(())

    def again(self) -> bytes | Reading:
        """On a new connection, after the peer closed the first one behind its challenge."""
        held, self.held = self.held, None
        return self.begin() if held is None else self._log_in(held)

    def dropped(self) -> Reading | None:
        """The peer broke off: on a login that was not answered that is a refusal, else it is what it is (None)."""
        if not self.trying:
            return None
        return self._refused("it closed the connection")

    def close(self) -> None:
        """The probe has ended, however it did."""
        if self.trying and self.account is not None:
            self.manners.end_trial(self.account.credential)
        self.trying = False

    def heard(self, response: Response) -> bytes | Reading:
        """The answer to what was asked last."""
        self.values["status_code"] = float(response.status)
        self.close()
        if response.status in _UNAUTHORIZED:
            return self._challenged(response)
        if response.status == _FORBIDDEN or response.status in _BUSY:
            seconds = self.manners.busy(self.device, self.path if response.status == _FORBIDDEN else "", self.now())
            self.values["describe_ok"] = 0.0
            return self._limited(f"DESCRIBE was answered {response}; the next one waits {span(seconds)}")
        self.manners.answered(self.device, self.path, self._taken(response.status))
        self.values.update({"limited": 0.0, "describe_ok": 0.0})
        if 300 <= response.status < 400:
            to = response.header("location") or "nowhere"
            return failed(Reason.REDIRECT, f"DESCRIBE was answered {response}, to {to[:200]!a}; it is not followed")
        if not 200 <= response.status < 300:
            return failed(Reason.STATUS, f"DESCRIBE of {self.path} was answered {response}")
        return self._described(response)

    def _taken(self, status: int) -> bytes | None:
        """The credential, where this status proves that it was taken; other refusals may not have looked at it."""
        proves = status < 400 or status == _NOT_FOUND
        return self.account.credential if self.account and self.logins and proves else None

    def _ask(self, headers: tuple[tuple[str, str], ...]) -> bytes:
        self.cseq += 1
        return request("DESCRIBE", self.uri, self.cseq, (AGENT, ("Accept", "application/sdp"), *headers))

    def _challenged(self, response: Response) -> bytes | Reading:
        offered = challenges(response.every("www-authenticate"))
        challenge = best(offered)
        if self.account is None:
            return self._limited(f"DESCRIBE was answered {response}: it wants a login; set username and password")
        if challenge is None:
            schemes = " and ".join(sorted({each.scheme for each in offered})) or "none"
            return self._limited(f"DESCRIBE was answered {response}, with no way to log in that we know ({schemes})")
        if not self.logins and "close" in (response.header("connection") or "").lower():
            self.held = challenge
            return failed(Reason.CLOSED, f"{self.device} ends the connection with its challenge")
        if not self.logins or (challenge.is_stale and self.logins < _MOST_LOGINS):
            return self._log_in(challenge)
        if challenge.is_stale:
            return self._limited("DESCRIBE: it calls every nonce stale, so the login could not be tried")
        return self._refused(str(response))

    def _refused(self, how: str) -> Reading:
        assert self.account is not None, "only a login can be refused"
        proven = self.manners.is_proven(self.device, self.account.credential)
        seconds = self.manners.refused(self.device, self.account.credential, self.now())
        what = "a login that it took before" if proven else "this user and password"
        self.values["describe_ok"] = 0.0
        return self._limited(f"DESCRIBE: it refused {what} ({how}); the next attempt waits {span(seconds)}")

    def _log_in(self, challenge: Challenge) -> bytes | Reading:
        assert self.account is not None, "a challenge is answered only with an account"
        credential, now = self.account.credential, self.now()
        why = self.manners.why_not_ask(self.device, self.path, credential, now)
        why = why or self.manners.begin_trial(credential, now)
        if why:
            return self._limited(f"the login was not tried: {why}")
        self.trying = True
        self.logins += 1
        answer = authorization(challenge, self.account.login, "DESCRIBE", self.uri, token_hex(8))
        return self._ask((("Authorization", answer),))

    def _limited(self, detail: str) -> Reading:
        self.values["limited"] = 1.0
        return error(Reason.LIMITED, detail)

    def _described(self, response: Response) -> Reading:
        try:
            found = parse(response.body)
        except NotSdpError as exc:
            return failed(Reason.PROTOCOL, f"DESCRIBE was answered {response} with no session description: {exc}")
        self.values.update(_facts(found))
        if not found.tracks:
            return failed(Reason.MISMATCH, f"DESCRIBE was answered {response} with a description without any track")
        self.values["describe_ok"] = 1.0
        return ok(detail=" ".join(f"{track.media} {track.codec or '?'}" for track in found.tracks[:8]))


def _facts(found: Description) -> Mapping[str, float]:
    return {
        "tracks": float(len(found.tracks)),
        "video_tracks": float(len(found.of("video"))),
        "audio_tracks": float(len(found.of("audio"))),
        "h264": float(found.has("H264")),
        "h265": float(found.has("H265")),
    }
