"""Names that turn: a network and mount namespace of its own, with a name server that changes its mind."""

import pytest

from tests.names import run_with_names

SCRIPT = """
import asyncio, json, socket, struct, sys, threading
from pathlib import Path
from tests.agent.probe_worlds import config, peer, serving

asked = {}

def addresses(name):
    asked[name] = asked.get(name, 0) + 1
    if name.startswith("turn"):
        return ["127.0.0.1"] if asked[name] == 1 else ["127.0.0.9"]
    return {"out": ["127.0.0.9"], "mine": ["127.0.0.9"], "both": ["127.0.0.9", "127.0.0.1"]}.get(name, ["127.0.0.1"])

def answer(query):
    end = query.index(0, 12) + 5
    size = query[12]
    name, kind = query[13:13 + size].decode(), struct.unpack("!H", query[end - 4 : end - 2])[0]
    found = [socket.inet_aton(one) for one in addresses(name)] if kind == 1 else []
    records = b"".join(struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + one for one in found)
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0) + query[12:end] + records

def serve_names(server):
    while True:
        query, client = server.recvfrom(512)
        server.sendto(answer(query), client)

FORMS = {"ping": "{name}.test", "port": "{name}.test:{port}", "page": "http://{name}.test:{port}/",
         "secure": "{name}.test:{port}", "ask": "{name}.test:{port}", "shell": "{name}.test:{port}"}

async def main():
    found = {}
    async with peer(host="127.0.0.9") as outside, peer(port=outside.port) as inside:
        inside.says = outside.says = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"
        registered = "targets: [{{target_id: n, kind: http, address: \\"http://mine.test:%d/\\"}}]" % outside.port
        async with serving(Path(sys.argv[1]), config("[127.0.0.1]", registered)) as w:
            for module, form in FORMS.items():
                for name in (f"turn-{module}", f"turn-{module}", "out", "both"):
                    before = outside.came
                    target = form.format(name=name, port=outside.port)
                    url = w.client.make_url("/probe").with_query(module=module, target=target)
                    async with w.client.session.get(url, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"}) as got:
                        text = await got.text()
                    found.setdefault(module, []).append([name, got.status, outside.came - before, text.splitlines()[0]])
            async with w.client.session.get(w.client.make_url("/probe").with_query(target="n")) as got:
                found["registered"] = ["probe_success 1.0" in await got.text(), outside.came]
    print(json.dumps(found))

names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
threading.Thread(target=serve_names, args=(names,), daemon=True).start()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[object]]]:
    found: dict[str, list[list[object]]] = run_with_names(tmp_path_factory.mktemp("rebinding"), SCRIPT)
    return found


@pytest.mark.root
@pytest.mark.parametrize("module", ["ping", "port", "page", "secure", "ask", "shell"])
def test_a_name_is_followed_only_where_it_leads_inside(found: dict[str, list[list[object]]], module: str) -> None:
    first, turned, outside, _ = found[module]
    assert first[1:3] == [200, 0]
    assert turned[1:3] == outside[1:3] == [403, 0]
    assert f"{turned[0]}.test leads to 127.0.0.9, wanted" in str(turned[3])


@pytest.mark.root
@pytest.mark.parametrize("module", ["ping", "port", "page", "secure", "ask", "shell"])
def test_of_a_name_with_an_address_outside_only_the_inside_one_may_be_dialled(
    found: dict[str, list[list[object]]], module: str
) -> None:
    both = found[module][3]
    assert both[1] in (200, 403)
    assert both[2] == 0


@pytest.mark.root
def test_a_registered_name_is_followed_where_its_owner_leads_it(found: dict[str, list[list[object]]]) -> None:
    assert found["registered"] == [True, 1]
