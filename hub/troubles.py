"""What goes wrong in a known way: what is refused, with its reason, and troubles of operation."""


class RefusedError(ValueError):
    """Something that somebody sent or asked for is refused, and why, in both languages.

    `rule` names what it breaks, `field` and `value` where and by what, where there is such a thing.
    """

    def __init__(self, rule: str, vi: str, en: str, field: str = "", value: str = "") -> None:
        super().__init__(en)
        self.rule, self.vi, self.en = rule, vi, en
        self.field, self.value = field, value


class TroubleError(Exception):
    """Something outside is not as it must be: a setting, a lock, a database, a broker, a file.

    The message says what and what to do; a command prints it and ends with exit code 2.
    """
