"""Findings: what verify found."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """What verify found: differences by name, how much was read of the log, and compared."""

    differences: list[str] = field(default_factory=list)
    read: int = 0
    events: int = 0
    facts: int = 0
    cells: int = 0

    def differ(self, name: str, stored: object, recomputed: object) -> None:
        """Note a difference."""
        self.differences.append(f"{name}: stored {stored}, recomputed {recomputed}")
