"""Helps tests and people look at reports: a small city with a year of everything that a report tells."""

from pathlib import Path

from agent.figures.plan import PlanTables
from agent.plans import plan_by_id
from agent.reports.build import Wanted, build
from agent.reports.content import Report
from agent.reports.party import Party
from tests.agent.figure_cases import NOW, Books

HOSTILE = "<script>alert(1)</script>=1+1&\"'"
CARRIERS = ("电信", "移动")
COUNTIES = (("610921", "汉阴县"), ("610922", "石泉县"), ("610924", "紫阳县"))
TARGETS = "target_id,kind,address,role,site_id,parents,name,carrier,responsible_unit"
LINKS = "link_id,a_site,b_site,carrier,contracted_mbps,far_address"


def simulated(made: Books) -> None:
    """Give the store its mark, as one that is born with it (E8)."""
    made.writer._db.execute("INSERT OR REPLACE INTO meta VALUES ('simulated', 'true')")


def city(made: Books, *, name: str = "市政务云平台", townships: int = 4) -> None:
    """Divisions, sites with a line each, a cloud of two components, faults late and in time, windows good and late."""
    _registers(made, name, townships)
    _states(made, townships)
    good, late = "S-610921-1", "cloud-1"
    made.window(
        "W-2025-01", good, "2025-05-10T00:00:00", "2025-05-10T06:00:00", approved="2025-05-04", recorded="2025-05-06"
    )
    made.window(
        "W-2025-02", late, "2025-06-01T00:00:00", "2025-06-01T06:00:00", approved="2025-06-02", recorded="2025-06-03"
    )


def _registers(made: Books, name: str, townships: int) -> None:
    divisions = ["610900,安康市,city,"]
    sites = ["S-CITY,市信息中心,610900,2024-01-01"]
    links, targets = [], ["core-1,icmp,10.0.0.1,core,S-CITY,,市级核心路由器,,市信息中心"]
    for number, (code, county) in enumerate(COUNTIES):
        carrier = CARRIERS[number % 2]
        divisions.append(f"{code},{county},county,610900")
        sites.append(f"S-{code},{county}信息中心,{code},2024-01-01")
        links.append(f"L-{code},S-CITY,S-{code},{carrier},1000,10.1.{number}.1")
        targets.append(
            f"n-{code},icmp,10.2.{number}.1,county_node,S-{code},core-1,{county}汇聚路由器,{carrier},{carrier}安康分公司"
        )
        for village in range(1, townships + 1):
            site = f"S-{code}-{village}"
            divisions.append(f"{code}1{village:02},{county}第{village}镇,township,{code}")
            sites.append(
                f"{site},{county}第{village}镇人民政府,{code}1{village:02},{'' if village == 4 else '2024-06-01'}"
            )
            links.append(f"L-{code}-{village},S-{code},{site},{carrier},100,10.3.{number}.{village}")
            targets.append(
                f"n-{code}-{village},icmp,10.4.{number}.{village},node,{site},n-{code},{county}第{village}镇接入路由器,{carrier},{carrier}安康分公司"
            )
    targets += [
        "web-1,http,http://10.9.0.1/,component,S-CITY,,云门户,,政务云服务商",
        "db-1,tcp,10.9.0.2:5432,component,S-CITY,,云数据库,,政务云服务商",
    ]
    made.enter("divisions", "code,name,level,parent_code", *divisions)
    made.enter("sites", "site_id,name,division_code,accepted_on", *sites)
    made.enter("links", LINKS, *links)
    made.enter("targets", TARGETS, *targets)
    quoted = '"' + name.replace('"', '""') + '"'
    made.enter("platforms", "platform_id,name,class", f"cloud-1,{quoted},city_cloud")
    made.enter("components", "component_id,platform_id,member", "c-web,cloud-1,web-1", "c-db,cloud-1,db-1")


def _states(made: Books, townships: int) -> None:
    rows = ["core-1,2025-01-01,up", "web-1,2025-01-01,up", "db-1,2025-01-01,up"]
    for number, (code, _) in enumerate(COUNTIES):
        rows += [f"n-{code},2025-01-01,up", f"L-{code},2025-01-01,up"]
        for village in range(1, townships + 1):
            rows += [f"n-{code}-{village},2025-01-01,up", f"L-{code}-{village},2025-01-01,up"]
        rows += [f"L-{code}-1,2025-03-0{number + 1}T08:00:00,down", f"L-{code}-1,2025-03-0{number + 1}T09:30:00,up"]
        rows += [f"L-{code}-2,2025-05-1{number}T01:00:00,down", f"L-{code}-2,2025-05-1{number}T05:12:30,up"]
    rows += ["n-610921,2025-07-01T10:00:00,down", "L-610921,2025-07-01T10:00:00,down"]
    for village in range(1, townships + 1):
        rows += [f"L-610921-{village},2025-07-01T10:00:01,down", f"L-610921-{village},2025-07-01T11:00:00,up"]
    rows += ["n-610921,2025-07-01T11:00:00,up", "L-610921,2025-07-01T11:00:00,up"]
    rows += ["L-610922-3,2025-08-01,unknown", "L-610922-3,2025-08-03,up"]
    rows += ["L-610924-3,2025-12-20,down", "n-610924-3,2025-12-20,down"]
    rows += [
        "web-1,2025-02-11T09:00:00,down",
        "web-1,2025-02-11T11:20:00,up",
        "db-1,2025-06-01T00:30:00,down",
        "db-1,2025-06-01T04:30:00,up",
    ]
    rows += ["web-1,2025-09-09,unknown", "web-1,2025-09-09T08:00:00,up"]
    made.states(*rows)


def told(
    made: Books, plan: str = "ankang", period: str = "2025", language: str = "zh", whose: Party | None = None
) -> Report:
    """A report of the store."""
    wanted = Wanted(plan=plan_by_id(plan), period=period, language=language, whose=whose)
    return build(PlanTables(made.reader), wanted, now=NOW)


def written(folder: Path, name: str, data: str | bytes) -> Path:
    """A file for a program to open."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
