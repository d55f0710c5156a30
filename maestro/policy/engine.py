"""Asks policies. An answer is a value or a problem; whoever reads it takes exact types only, anything else denies.

``RegorusEngine`` evaluates in this process. It has no time limit and does not survive endless recursion (OPA's check,
part of ``make lint``, refuses that), so policies must be trusted.
"""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import regorus
from pydantic import BaseModel, JsonValue, ValidationError

from maestro.errors import BadInput, PolicyDenied
from maestro.model.base import Model
from maestro.policy.bundle import Bundle, read_bundle

AnswerT = TypeVar("AnswerT", bound=BaseModel)

ENGINES_PER_THREAD = 4
"""Bundles whose compiled policies a thread keeps; more than one only where policies were just changed."""

_UNDEFINED = "<undefined>"
"""What regorus writes for an undefined rule; a policy that answers with this very text is taken as undefined too."""

_WHERE = re.compile(r"--> (?P<where>.+?:\d+):\d+$", re.MULTILINE)
_WHAT = re.compile(r"^error: (?P<what>.+)$", re.MULTILINE)


class PolicyAnswer(Model):
    """What ``entrypoint`` answered under the policies ``digest``. With a ``problem`` there is no value."""

    entrypoint: str
    value: JsonValue = None
    problem: str = ""
    digest: str

    @property
    def is_true(self) -> bool:
        """Exactly ``true``: neither 1 nor a text nor a set."""
        return not self.problem and self.value is True

    def read(self, shape: type[AnswerT]) -> AnswerT:
        """The value as ``shape``, by exact types; ``PolicyDenied`` when it is undefined, broken or shaped otherwise."""
        problem = self.problem
        if not problem:
            try:
                return shape.model_validate_json(json.dumps(self.value), strict=True)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                problem = f"its answer has an unexpected shape ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise PolicyDenied(
            f"the policy gave no usable answer, which counts as a refusal: {problem}",
            field=self.entrypoint,
            fix="mend the policy and run `opa check --strict` and `opa test` on its folder",
        )


class PolicyEngine(Protocol):
    """Evaluates a rule, named ``data.<package>.<rule>``, on a document. Same policies, same document, same answer."""

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the policies and their data."""

    def evaluate(self, entrypoint: str, document: Mapping[str, JsonValue]) -> PolicyAnswer:
        """The answer. Never raises for what a policy does: that is the answer's ``problem``."""


class RegorusEngine:
    """Policies of a folder, evaluated in this process, from any thread."""

    def __init__(self, directory: Path) -> None:
        """Reads and compiles; ``BadInput`` names the file and line of a policy or data that cannot be used."""
        self._bundle = read_bundle(directory)
        _compiled(self._bundle)

    @property
    def digest(self) -> str:
        return self._bundle.digest

    def evaluate(self, entrypoint: str, document: Mapping[str, JsonValue]) -> PolicyAnswer:
        try:
            value: JsonValue = json.loads(_evaluate(self._bundle, entrypoint, json.dumps(document, allow_nan=False)))
        except (RuntimeError, ValueError) as error:
            return PolicyAnswer(entrypoint=entrypoint, problem=_first_words(error), digest=self.digest)
        if value == _UNDEFINED:
            return PolicyAnswer(entrypoint=entrypoint, problem="it is undefined for this input", digest=self.digest)
        return PolicyAnswer(entrypoint=entrypoint, value=value, digest=self.digest)


_threads = threading.local()
"""Each thread's engines, by bundle digest. An engine used or freed by another thread panics, so they belong to the
thread and not to a ``RegorusEngine``, whose last reference may go anywhere."""


def _evaluate(bundle: Bundle, entrypoint: str, document: str) -> str:
    engine = _compiled(bundle)
    engine.set_input_json(document)
    return str(engine.eval_rule_as_json(entrypoint))


def _compiled(bundle: Bundle) -> regorus.Engine:
    engines: dict[str, regorus.Engine] = _threads.__dict__.setdefault("engines", {})
    if bundle.digest not in engines:
        while len(engines) >= ENGINES_PER_THREAD:
            del engines[next(iter(engines))]
        engines[bundle.digest] = compile_bundle(bundle)
    return engines[bundle.digest]


def compile_bundle(bundle: Bundle) -> regorus.Engine:
    """A fresh engine, for this thread only; ``BadInput`` names the file and line that do not compile."""
    engine = regorus.Engine()
    try:
        for name, text in bundle.modules.items():
            engine.add_policy(name, text)
        engine.add_data_json(json.dumps(bundle.data))
        # Unsafe variables are found only when something is evaluated; unknown functions when they are called.
        engine.eval_query_as_json("true")
    except RuntimeError as error:
        # The traceback keeps this frame, and may be freed by another thread: the engine must not be in it.
        del engine
        where = _WHERE.search(str(error))
        raise BadInput(
            f"the policy does not compile: {_first_words(error)}",
            field=where["where"] if where else "policies",
            fix="mend this line; `opa check --strict` on the folder explains it",
        ) from error
    return engine


def _first_words(error: Exception) -> str:
    """The engine's own sentence with its place, without the source excerpt and the stack trace."""
    text = str(error)
    what, where = _WHAT.search(text), _WHERE.search(text)
    sentence = what["what"] if what else text.strip().partition("\n")[0]
    return f"{sentence} ({where['where']})" if where else sentence
