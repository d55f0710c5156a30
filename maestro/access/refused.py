"""The one error of whoever shows a credential that is not believed."""

from maestro.errors import MaestroError


class CredentialRefused(MaestroError):  # noqa: N818 - as in maestro/errors.py, the name says what is the matter
    """A token, code or login that is not believed.

    ``reason`` says why, for the log alone; what the caller may read is the same sentence for every reason, so that
    nobody finds out by asking what was nearly right.
    """

    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__("the credential is not accepted", fix="get a new one, and try again")
        self.reason = reason
