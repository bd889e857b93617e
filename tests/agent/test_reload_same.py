"""A reload that finds nothing new takes nothing new: neither objects of targets nor a look at every fault."""

from pathlib import Path

from tests.agent.fault_worlds import world


async def test_what_is_as_it_was_stays_the_same_object(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.look()
        await w.agent.reload()  # the start had read the registers before it was recorded itself
        await w.look()
        kept, before = w.agent.faults._kept, dict(w.agent.watched)
        await w.agent.reload()
        await w.look()
        assert w.agent.watched == before
        assert all(w.agent.watched[name] is each for name, each in before.items())
        assert w.agent.faults._kept is kept


async def test_what_has_changed_is_taken_and_all_faults_are_looked_at_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.look()
        kept, before = w.agent.faults._kept, dict(w.agent.watched)
        path = tmp_path / "agent.yml"
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\nstates: {{down_loss: 0.5}}\n", encoding="utf-8")
        await w.agent.reload()
        await w.look()
        assert all(w.agent.watched[name] is not each for name, each in before.items())
        assert w.agent.faults._kept is not kept


async def test_an_import_is_looked_at_even_if_no_row_of_a_register_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.look()
        kept = w.agent.faults._kept
        await w.agent.registers_changed()
        await w.look()
        assert w.agent.faults._kept is not kept
