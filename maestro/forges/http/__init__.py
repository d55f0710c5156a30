"""The client by which forges are spoken to over HTTP: small, patient, and careful with what it carries.

- Credentials go to the forge's own address and nowhere else; neither proxies nor `.netrc` are taken from the
  environment. They are never in a text, a log or an error.
- What changes nothing is tried again within a budget of time. What changes something is sent once: where the answer was
  lost, the caller is told (``AnswerLostError``) and asks the forge before it sends anything again.
- The forge's limits are kept: whoever is told to wait waits, and so does everybody with the same credentials.
- Whatever comes back is bounded in size and nesting, and read by a model.
"""

from maestro.forges.http.answer import Answer, AnswerLostError, NotSentError, TooManyRequestsError
from maestro.forges.http.client import Credential, ForgeHttp, Request
from maestro.forges.http.once import once
from maestro.forges.http.patience import PATIENCE, Patience
from maestro.forges.http.secret import Secret

__all__ = [
    "PATIENCE",
    "Answer",
    "AnswerLostError",
    "Credential",
    "ForgeHttp",
    "NotSentError",
    "Patience",
    "Request",
    "Secret",
    "TooManyRequestsError",
    "once",
]
