"""Why a store can't be opened, in one sentence that says what to do."""


class StoreUnavailable(Exception):
    """The database can't be used as it is; nothing was changed."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


def cant_connect(shown: str, error: BaseException | None) -> StoreUnavailable:
    """The refusal of a database that does not answer; `shown` is its address without the password."""
    line = (str(error).strip().splitlines() or ["no reason given"])[-1].strip()
    return StoreUnavailable(
        f"The database at {shown} can't be used ({line}). See that it runs and the address is right."
    )
