"""Registers and records: files of dated rows, checked and kept with their history (A2, E1)."""

from agent.registers.catalogue import REGISTERS
from agent.registers.known import Known, built_in, known_of
from agent.registers.schema import NAMESPACE, Field, Register

__all__ = ["NAMESPACE", "REGISTERS", "Field", "Known", "Register", "built_in", "known_of"]
