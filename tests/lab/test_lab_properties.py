"""What holds for every set of actions, and for every request and story: by random ones."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lab.condition import WELL, conditions, sites_cut_off
from agent.lab.peers import ber
from agent.lab.peers.rtsp import Camera
from agent.lab.peers.web import Web, portal
from agent.lab.player import beats
from agent.lab.script import Action, Story, places, problems
from tests.lab.worlds import city

WHATS = ("line_cut", "uplink_cut", "silent", "slow", "loss", "flapping", "recorder_dead", "reboot")
OID = st.tuples(st.sampled_from([(1, 3), (1, 0), (0, 9)]), st.lists(st.integers(0, 2**32 - 1), max_size=12)).map(
    lambda parts: (*parts[0], *parts[1])
)


@st.composite
def actions(draw, whats=WHATS):
    what = draw(st.sampled_from(whats))
    where = draw(st.sampled_from(places(what, city())))
    at, lasts = draw(st.integers(0, 100)), draw(st.integers(1, 100))
    return Action.model_validate({"at": float(at), "for": float(lasts), "what": what, "where": where})


@settings(deadline=None)
@given(st.lists(actions(), max_size=8), st.randoms())
def test_the_order_in_which_things_happen_does_not_matter(acts, random):
    shuffled = list(acts)
    random.shuffle(shuffled)
    assert conditions(city(), acts) == conditions(city(), shuffled)


@settings(deadline=None)
@given(st.lists(actions(("line_cut", "uplink_cut")), max_size=8), actions(("line_cut", "uplink_cut")))
def test_one_cut_more_brings_nobody_back(acts, more):
    assert sites_cut_off(city(), acts) <= sites_cut_off(city(), [*acts, more])


@settings(deadline=None)
@given(st.lists(actions(("line_cut", "uplink_cut")), max_size=8))
def test_what_hangs_on_a_site_that_is_cut_off_is_cut_off(acts):
    off = sites_cut_off(city(), acts)
    for site in off:
        lines = [line for line in city().lines.values() if line.a_site == site]
        for line in lines:
            others = {other.a_site for other in city().lines_of[line.b_site]}
            assert line.b_site in off or not others <= off
    for id_, condition in conditions(city(), acts).items():
        assert condition.is_reachable == (city().things[id_].site not in off)


@settings(deadline=None)
@given(st.lists(actions(), max_size=8))
def test_when_nothing_holds_everything_is_well_and_only_what_is_not_well_is_told(acts):
    assert conditions(city(), []) == {}
    assert WELL not in conditions(city(), acts).values()


@settings(deadline=None)
@given(st.lists(actions(), max_size=10))
def test_every_beginning_of_a_story_has_its_end_after_it(acts):
    story = Story(repeat=300.0, actions=tuple(acts))
    assert list(problems(story, city())) == []
    holding = []
    last = 0.0
    for beat in beats(story):
        assert beat.at >= last
        last = beat.at
        (holding.remove if beat.is_end else holding.append)(beat.number)
    assert holding == []


@settings(deadline=None)
@given(st.binary(max_size=20), st.lists(OID, min_size=1, max_size=5), st.integers(0, 2**31 - 1))
def test_a_request_is_read_as_it_was_written(community, names, id_):
    bindings = b"".join(ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, ber._packed(n)) + ber.tlv(ber.NULL)) for n in names)
    pdu = ber.number(id_) + ber.number(0) + ber.number(10) + ber.tlv(ber.SEQUENCE, bindings)
    head = ber.number(1) + ber.tlv(ber.OCTETS, community)
    request = ber.read(ber.tlv(ber.SEQUENCE, head + ber.tlv(ber.GET_BULK, pdu)))
    assert (request.community, request.names, request.second) == (community, tuple(names), 10)
    assert int.from_bytes(request.id, "big") == id_


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_whatever_comes_is_a_request_or_refused_by_its_one_name(data):
    with suppress(ber.NotSnmpError):
        ber.read(data)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_whatever_comes_over_a_connection_is_waited_on_or_answered_within_what_came(data):
    for speaker in (Camera(), Web(portal("x"), lambda: 0.0)):
        reply = speaker.reply(data, "127.0.0.1")
        assert reply is None or 0 < reply.consumed <= len(data)


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 200), st.sampled_from([b"OPTIONS", b"DESCRIBE", b"PLAY"]))
def test_a_request_is_answered_when_it_is_whole_and_the_next_one_is_left(cseq, cut, method):
    data = b"%s rtsp://127.0.0.1:17000/CAM RTSP/1.0\r\nCSeq: %d\r\nUser-Agent: x\r\n\r\n" % (method, cseq)
    if cut < len(data):
        assert Camera().reply(data[:cut], "127.0.0.1") is None
    reply = Camera().reply(data + data[:cut], "127.0.0.1")
    assert reply is not None
    assert reply.consumed == len(data)
    assert b"\r\nCSeq: %d\r\n" % cseq in reply.data
    assert reply.data.startswith(b"RTSP/1.0 405" if method == b"PLAY" else b"RTSP/1.0 200 OK")
