"""GET /sd/targets: what Prometheus's HTTP service discovery is told."""

from pathlib import Path

from tests.agent.web_worlds import world


async def test_every_scheduled_target_is_a_group_with_its_labels(tmp_path: Path):
    async with world(tmp_path) as w:
        w.agent.is_ready = True
        answer = await w.client.get("/sd/targets")
        assert (answer.status, answer.content_type) == (200, "application/json")
        groups = {group["labels"]["__meta_sla_target"]: group for group in await answer.json()}
        assert set(groups) == {"lo", "zy/maoba:9", "slow", "never", "line-7", "old", "me"}, "no anchor, no gateway"
        assert groups["zy/maoba:9"] == {
            "targets": ["127.0.0.1:9"],
            "labels": {
                "__meta_sla_target": "zy/maoba:9",
                "__meta_sla_kind": "tcp",
                "__meta_sla_module": "port",
                "__meta_sla_role": "node",
                "__meta_sla_site": "S6109",
                "__meta_sla_plane": "",
                "__meta_sla_vantage": "汇聚机房-1",
                "__meta_sla_name": "毛坝镇",
            },
        }


async def test_an_agent_that_is_not_ready_changes_no_list(tmp_path: Path):
    async with world(tmp_path) as w:
        w.agent.is_ready = False
        assert (await w.client.get("/sd/targets")).status == 503
