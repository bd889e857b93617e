"""The register of identities (C2): however a fingerprint is written it is one; what cannot be is refused."""

import base64

import pytest

from agent.registers import types
from tests.agent.import_cases import ZONE
from tests.agent.register_cases import registers

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
COLONS = ":".join(HEX[place : place + 2].upper() for place in range(0, 64, 2))
KEYGEN = "SHA256:" + base64.b64encode(bytes.fromhex(HEX)).decode().rstrip("=")
HEADING = "identity,site_id,repeats,decision_doc\n"


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (f"certificate:{HEX}", f"certificate:{HEX}"),
        (f"Certificate: {COLONS}", f"certificate:{HEX}"),
        (f"证书:{COLONS}", f"certificate:{HEX}"),
        (f"hostkey:{HEX}", f"hostkey:{HEX}"),
        (f"hostkey:{COLONS}", f"hostkey:{HEX}"),
        (f"主机密钥: {KEYGEN}", f"hostkey:{HEX}"),
        ("engine:80001F8804 6F6E65", "engine:80001f88046f6e65"),
        ("engine:80:00:1f:88:04", "engine:80001f8804"),
        ("address:Portal.Example", "address:portal.example"),
        ("address:2001:DB8:0::1", "address:2001:db8::1"),
        ("address:::ffff:10.0.0.1", "address:10.0.0.1"),
    ],
)
def test_an_identity_is_read_as_people_copy_it(text: str, identity: str) -> None:
    assert types.IDENTITY.read(text, ZONE) == identity


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        f"certificate:{HEX[:-2]}",
        f"certificate:{HEX[:-1]}x",
        f"certificate:{HEX}00",
        "engine:8000",
        f"engine:{'80' * 33}",
        "engine:80001f880",
        "address:",
        "address:a b",
        "hostkey:80001f8804",
        f"hostkey:{KEYGEN[:-1]}",
        f"hostkey:{HEX}00",
        f"certificate:{KEYGEN}",
        "password:80001f8804",
        "",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        types.IDENTITY.read(text, ZONE)


def test_rows_and_their_history() -> None:
    with registers() as store:
        store.city()
        store.take("identities", f"{HEADING}certificate:{COLONS},,y,文1\nengine:80001f8804,S-MB,,\n")
        assert store.bodies("identities") == {
            f"certificate:{HEX}": {"repeats": True, "decision_doc": "文1"},
            "engine:80001f8804": {"site_id": "S-MB"},
        }
        told = store.take("identities", f"{HEADING}certificate:{HEX},S-ZY,,\n", by="other")
        assert any(line.startswith(f"  certificate:{HEX}: site_id: nothing -> S-ZY") for line in told.changes)
        assert [row.recorded_by for row in store.rows("identities") if row.id.startswith("c")] == ["tester", "other"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"hostkey:{HEX},,y,文", "repeats: got yes, wanted it for certificates alone; name the site in site_id"),
        ("engine:80001f8804,,y,文", "repeats: got yes, wanted it for certificates alone; name the site in site_id"),
        (f"certificate:{HEX},S-MB,y,文", "repeats: got yes beside site_id S-MB, wanted one of them"),
        (
            f"certificate:{HEX},,y,",
            "decision_doc: got nothing, wanted the document by which the certificate may repeat",
        ),
        (f"certificate:{HEX},,,文", "site_id: got nothing, wanted one of site_id, repeats"),
        (f"certificate:{HEX},S-MBX,,", "got the unknown site S-MBX"),
        ("10.0.0.1,S-MB,,", "wanted certificate: or hostkey: and the 64 hexadecimal digits of a SHA-256"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_applied(row: str, said: str) -> None:
    with registers() as store:
        store.city()
        (problem,) = store.refused("identities", f"{HEADING}{row}\n")
        assert said in problem
