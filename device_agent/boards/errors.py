"""What can go wrong with a board on a line."""


class BoardError(RuntimeError):
    """A board that cannot be used now, in words a bench owner can act on."""


class BoardGone(BoardError):
    """The port vanished: unplugged, switched off, or reset into another port."""


class BoardSilent(BoardError):
    """No complete answer within the time that the work should take."""
