"""The register of identities: whose a certificate, key, engine id or address is that several units show (C2)."""

from agent.registers.schema import SERVICE, Field, Register
from agent.registers.types import FLAG, IDENTITY, NAME, TEXT

IDENTITIES = Register(
    "identities",
    "Identities: whose a certificate, host key, engine id or address is that was seen behind several units (C2).",
    "身份标识：在多个单位出现的证书、主机密钥、引擎标识或地址归谁（C2）。",
    (
        Field(
            "identity", IDENTITY, "身份标识",
            "`certificate:` and the SHA-256 of a certificate, `hostkey:` and that of an SSH host key, `engine:` and "
            "the id of an SNMP engine, `address:` and a host.",
            "`certificate:` 加证书的 SHA-256，`hostkey:` 加 SSH 主机密钥的 SHA-256，"
            "`engine:` 加 SNMP 引擎标识，或 `address:` 加主机。",
            "certificate:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ("标识", "证书指纹"),
            required=True,
        ),
        Field(
            "site_id", NAME, "站点编号", "Site it belongs to: it verifies this site's unit and no other.",
            "所属站点的编号：只证明该站点所在单位。", "S-MB01", ("站点", "所属站点"), refers=("sites",),
        ),
        Field(
            "repeats", FLAG, "可重复",
            "Whether several units present this certificate by decision (wildcard): it is not compared then.",
            "是否经决定由多个单位共用本证书（通配符证书）；是则不参与比对。", "", ("是否共用",),
        ),
        Field(
            "decision_doc", TEXT, "决定文件", "Document that decides so; without it a certificate may not repeat.",
            "作出该决定的文件；没有则不得共用。", "", ("共用依据",),
        ),
        Field(
            "name", TEXT, "名称", "What it is, for people.", "供人阅读的名称。", "市门户通配符证书", ("说明",),
        ),
        *SERVICE,
    ),
    needs_one=("site_id", "repeats"),
)  # fmt: skip
