"""Kind http and names: a network and mount namespace of its own, with a name server that answers as told."""

import pytest

from tests.names import run_with_names

SCRIPT = """
import asyncio, json, socket, struct, sys, threading
from tests.collectors.http_peers import answering, plain, probe, scripted

RECORDS = {"both": ["127.0.0.1", "::1"], "four": ["127.0.0.1"], "far": ["192.0.2.1"],
           "mixed": ["127.0.0.1", "2001:db8::1"]}

def answer(query):
    end = query.index(0, 12) + 5
    name, kind = query[13:end - 5].decode().split("\\x04")[0], struct.unpack("!H", query[end - 4 : end - 2])[0]
    if name == "silent":
        return None
    code = {"gone": 3, "broken": 2}.get(name, 0)
    family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
    found = [socket.inet_pton(family, one) for one in RECORDS.get(name, []) if family and (":" in one) == (kind == 28)]
    records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(one)) + one for one in found)
    return query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0) + query[12:end] + records

def serve_names(server):
    while True:
        query, client = server.recvfrom(512)
        reply = answer(query)
        if reply is not None:
            server.sendto(reply, client)

async def main():
    found = {}
    async def note(label, url, **options):
        reading = await probe(url, **options)
        found[label] = [reading.outcome, reading.reason, reading.detail, reading.values.get("resolve_seconds", -1) > 0]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    async with scripted(answering(plain(b"ok"))) as peer:
        for name in ("both", "four", "gone", "broken", "empty"):
            await note(name, f"http://{name}.test:{peer.port}/")
        await note("silent", f"http://silent.test:{peer.port}/", timeout=0.3)
        await note("silent again", f"http://silent.test:{peer.port}/", timeout=0.3)
        await note("four beside silent", f"http://four.test:{peer.port}/")
        await note("four by family 6", f"http://four.test:{peer.port}/", family="6")
        await note("no label", f"http://a..b:{peer.port}/")
        await note("long label", f"http://{'a' * 70}.test:{peer.port}/")
    await note("far", "http://far.test/")
    await note("far address", "http://192.0.2.1/")
    await note("mixed", f"http://mixed.test:{closed}/")
    print(json.dumps(found))

names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
threading.Thread(target=serve_names, args=(names,), daemon=True).start()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    found: dict[str, list[object]] = run_with_names(tmp_path_factory.mktemp("names"), SCRIPT)
    return found


@pytest.mark.root
@pytest.mark.parametrize(
    ("name", "outcome", "reason", "words"),
    [
        ("both", "ok", None, ""),
        ("four", "ok", None, ""),
        ("gone", "failed", "name", "resolving the name: "),
        ("empty", "failed", "name", "resolving the name: "),
        ("four by family 6", "failed", "name", "resolving the name: "),
        ("no label", "failed", "name", "resolving the name: "),
        ("long label", "failed", "name", "resolving the name: "),
        ("broken", "error", "resolver", "resolving the name: "),
        ("silent", "error", "resolver", "the resolver did not answer within 0.3 s"),
        ("silent again", "error", "resolver", "the resolver did not answer within 0.3 s"),
        ("four beside silent", "ok", None, ""),
        ("far", "error", "no_route", "connecting: Network is unreachable (ENETUNREACH)"),
        ("far address", "error", "no_route", "connecting: Network is unreachable (ENETUNREACH)"),
        ("mixed", "failed", "refused", "connecting: Connection refused (ECONNREFUSED)"),
    ],
)
def test_what_the_resolver_says_decides_between_failed_and_error(
    readings: dict[str, list[object]], name: str, outcome: str, reason: str | None, words: str
) -> None:
    assert readings[name][:2] == [outcome, reason], readings[name]
    assert str(readings[name][2]).startswith(words)


@pytest.mark.root
def test_the_time_to_resolve_is_measured_for_names_only(readings: dict[str, list[object]]) -> None:
    assert readings["four"][3] is True
    assert readings["far address"][3] is False
