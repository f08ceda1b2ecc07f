"""Grounds: on what somebody has a key or a login: who answers for it, what for, by which law.

Sharing of data between agencies names its purpose and legal basis (NĐ 278/2025/NĐ-CP). What was
made before nobody said anything of: it is listed so until somebody does.
"""

from dataclasses import dataclass, fields

from hub.troubles import RefusedError

CHARACTERS_MAX = 500


@dataclass(frozen=True)
class Grounds:
    """Who answers for an access, for what purpose it is, and on what legal basis; "": not said."""

    owner: str = ""
    purpose: str = ""
    legal_basis: str = ""

    def written(self) -> dict[str, str]:
        """Give what is said, by the name of its column; what is not said changes nothing."""
        return {name: text for name in NAMES if (text := getattr(self, name))}


NAMES = tuple(f.name for f in fields(Grounds))
NOTHING_SAID = Grounds()


def read_grounds(owner: str, purpose: str, legal_basis: str) -> Grounds:
    """Read what is typed in a command; raises `RefusedError` for what is no line of text."""
    typed = dict(zip(NAMES, (owner, purpose, legal_basis), strict=True))
    for name, text in typed.items():
        option = f"--{name.replace('_', '-')}"
        if len(text) > CHARACTERS_MAX or not text.isprintable():
            raise RefusedError(
                "not_a_line",
                f"{option}: phải là một dòng chữ, tối đa {CHARACTERS_MAX} ký tự; đã ghi"
                f" {len(text)} ký tự",
                f"{option}: must be a line of text, {CHARACTERS_MAX} characters at most; there are"
                f" {len(text)}",
                name,
                text[:40],
            )
    return Grounds(**{name: text.strip() for name, text in typed.items()})
