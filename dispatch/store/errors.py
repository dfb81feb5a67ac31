"""Why a store can't be opened, in one sentence that says what to do."""


class StoreUnavailable(Exception):
    """The database can't be used as it is; nothing was changed."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says
