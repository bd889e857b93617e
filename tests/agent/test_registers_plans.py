"""Registers and records that plans need: what is taken, in both languages, and what is refused."""

from decimal import Decimal
from typing import get_args

import pytest

from agent.config.schema import RegisterKind
from agent.registers import REGISTERS
from tests.agent.import_cases import at
from tests.agent.register_cases import registers

GOOD = {
    "systems": "系统编号,系统名称,类别,带宽需求,所需线路,联通日期,联通验收文件,接口监测对象\n"
    "yth,一体化平台,业务系统,20.5M,L-1;L-2,2025-04-01,政数〔2025〕9号,mb\n",
    "private_networks": "专网编号,专网名称,主管部门,迁移日期,验收日期,验收文件,原线路停用日期,佐证对象\n"
    "N,卫生专网,市卫健委,2025-03-01,,,,S-MB\n",
    "video_points": "点位编号,国标编码,所属区划,点位类别,监测对象\n"
    "P1,61092210101310000001,610924101,一类,zy#channel/12\n",
    "video_demands": '需求编号,需求部门,用途,路数,需求带宽,保障路数\nD,市应急局,会商,16,64M,"1,600"\n',
    "security_incidents": "通报编号,事件级别,通报时间,核实时间\nX,一般,2026-03-01 09:00,2026-03-02 10:00\n",
    "data_issues": "问题编号,下发日期,整改日期,是否重点考核\nQ,2026-03-01,2026-03-01,是\n",
    "measures": "编号,指标,日期,分子,分母,文号,签字人\nM,data_sharing_rate,2025-12-31,692,704,政数报2号,王\n"
    "S,business_environment_score,2025-12-31,78.5,,政数报3号,王\n",
}


def test_agent_yml_may_name_a_file_of_every_register() -> None:
    assert list(get_args(RegisterKind)) == list(REGISTERS)


@pytest.mark.parametrize("kind", GOOD)
def test_a_ledger_with_chinese_headings_is_taken_and_changes_nothing_the_second_time(kind: str) -> None:
    with registers() as store:
        store.city()
        text = GOOD[kind]
        assert store.take(kind, text).tally.added == len(text.splitlines()) - 1
        assert not store.take(kind, text).changed
        assert len(store.rows(kind)) == len(text.splitlines()) - 1


def test_what_is_read_is_exact() -> None:
    with registers() as store:
        store.city()
        for kind, text in GOOD.items():
            store.take(kind, text)
        assert store.bodies("systems")["yth"] == {
            "name": "一体化平台", "class": "business", "demand_mbps": Decimal("20.5"), "required_links": ["L-1", "L-2"],
            "connected_on": at("2025-04-01"), "connection_doc": "政数〔2025〕9号", "exchange_target": "mb",
        }  # fmt: skip
        assert store.bodies("video_points")["P1"]["target"] == "zy#channel/12"
        assert store.bodies("video_demands")["D"]["assigned_channels"] == 1600
        assert store.bodies("security_incidents")["X"]["severity"] == "IV"
        assert store.bodies("data_issues")["Q"]["focus"] is True
        assert store.bodies("measures")["S"]["numerator"] == Decimal("78.5")
        assert store.bodies("measures")["M"]["denominator"] == 704


def test_a_change_is_a_further_version_and_the_old_one_stays_readable() -> None:
    with registers() as store:
        text = "issue_id,issued_at,rectified_at\nQ,2026-03-02,\n"
        store.take("data_issues", text)
        told = store.take("data_issues", text.replace(",\n", ",2026-03-03\n"), by="other")
        assert told.changes[-1] == "  Q: rectified_at: nothing -> 2026-03-03T00:00:00+08:00"
        assert [(row.version, row.recorded_by) for row in store.rows("data_issues")] == [(1, "tester"), (2, "other")]


MEASURE = "measure_id,indicator,date,numerator,denominator,document,signer\n"

BAD = [
    ("systems", "system_id,name,required_links\ns,n,L-11\n",
     "got the unknown link L-11, wanted the id of a link in this file or imported before; did you mean L-1?"),
    ("systems", "system_id,name\nmb,n\n", "got mb, which is the id of a target, wanted one that nothing else has"),
    ("systems", "system_id,name,class\ns,n,comon\n", "wanted one of business, common; did you mean common?"),
    ("private_networks", "network_id,name,department,evidence\nn,n,d,S-MBX\n", "did you mean S-MB?"),
    ("video_points", "point_id,target\np,zyy\n", "got the unknown target zyy"),
    ("video_points", "point_id,gb_id\np,6109221010131000000\n", "wanted the 20 digits of GB/T 28181"),
    ("video_points", "point_id,gb_id\np,6.10922E+19\n", "which a spreadsheet has made of a long number"),
    ("video_demands", "demand_id,department,use,channels\nd,d,u,1.5\n", "wanted a whole number of at most 12 digits"),
    ("security_incidents", "incident_id,severity\ni,I\n",
     "noticed_at: got nothing, wanted one of noticed_at, found_at"),
    ("security_incidents", "incident_id,severity,found_at,verified_at\ni,I,2026-03-02,2026-03-01\n",
     "verified_at: got 2026-03-01T00:00:00+08:00, wanted no earlier than found_at"),
    ("security_incidents", "incident_id,severity,found_at\ni,V,2026-03-02\n", "wanted one of I, II, III, IV"),
    ("data_issues", "issue_id,issued_at,rectified_at\nq,2026-03-02,2026-03-01\n",
     "rectified_at: got 2026-03-01T00:00:00+08:00, wanted no earlier than issued_at"),
    ("data_issues", "issue_id,issued_at\nq,2026-06-02\n", "wanted a time that has come"),
    ("data_issues", "issue_id,issued_at\nq,2026-03-02\nq,2026-03-03\n", "got q a second time, wanted each id once"),
    ("measures", MEASURE + "m,i,2025-12-31,98.3%,,d,s\n",
     "wanted a count, not a percentage; give numerator and denominator"),
    ("measures", MEASURE + "m,i,2025-12-31,705,704,d,s\n", "got 705, wanted at most the denominator, 704"),
    ("measures", MEASURE + "m,i,2025-12-31,1,2,,s\n", "document: got nothing, wanted a value"),
    ("measures", MEASURE + "m,i,2025-12-31,0.1234567890123456,2,d,s\n", "wanted a number of at most 15 digits"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "said"), BAD, ids=[f"{kind}-{n}" for n, (kind, _, _) in enumerate(BAD)])
def test_what_is_wrong_is_said_and_nothing_is_applied(kind: str, text: str, said: str) -> None:
    with registers() as store:
        store.city()
        (problem,) = store.refused(kind, text)
        assert said in problem


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with registers() as store:
        text = MEASURE + "m,i,2030-01-01,5%,2,d,s\nm,i,2025-12-31,3,2,,\n"
        assert [line.split(": ")[1] for line in store.refused("measures", text)] == [
            "date", "numerator", "document", "measure_id", "numerator", "signer",
        ]  # fmt: skip
