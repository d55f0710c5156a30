"""What the owner of a repository decides for its pushes, in git's configuration, and what git leaves in a hook."""

from pathlib import Path

import pytest

from gateway.hooks.push import taken_from
from gateway.hooks.settings import HookSettings, read
from maestro.errors import BadInput
from maestro.model.pull_request import AuthorKind


def test_what_is_not_said_holds_for_one_tenant_and_writes_a_comment() -> None:
    assert read({}) == HookSettings(tenant="default", publish=frozenset({"comment"}))


def test_every_setting_can_be_said() -> None:
    settings = read(
        {
            "maestro.tenant": ["acme"],
            "maestro.name": ["acme/shop"],
            "maestro.address": ["https://git.example.org/acme/shop"],
            "maestro.publish": ["comment, merge"],
            "maestro.authorkind": ["agent"],
            "maestro.waitseconds": ["30"],
            "maestro.environment": ["MAESTRO_HOME=/srv/maestro", "TEMPORAL_ADDRESS=host:7233=x"],
        }
    )
    assert (settings.tenant, settings.name, settings.wait_seconds) == ("acme", "acme/shop", 30)
    assert settings.publish == {"comment", "merge"}
    assert settings.author_kind is AuthorKind.AGENT
    assert settings.environment == {"MAESTRO_HOME": "/srv/maestro", "TEMPORAL_ADDRESS": "host:7233=x"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("maestro.tennant", "acme"),
        ("maestro.tenant", ""),
        ("maestro.name", "../shop"),
        ("maestro.address", "shop.git"),
        ("maestro.address", "https://ada:secret@git.example.org/shop"),
        ("maestro.publish", "everything"),
        ("maestro.authorkind", "robot"),
        ("maestro.waitseconds", "0"),
        ("maestro.waitseconds", "for ever"),
        ("maestro.environment", "LD_PRELOAD=/tmp/x.so"),
        ("maestro.environment", "MAESTRO_HOME"),
    ],
)
def test_a_wrong_setting_is_named_with_its_fix(key: str, value: str) -> None:
    with pytest.raises(BadInput) as refused:
        read({key: [value]})
    assert refused.value.field == key
    assert refused.value.fix
    assert "secret" not in str(refused.value)


def test_nothing_of_the_push_is_left_for_the_git_commands_in_a_hook(tmp_path: Path) -> None:
    environment = {
        "GIT_DIR": str(tmp_path),
        "GIT_QUARANTINE_PATH": "/q",
        "GIT_OBJECT_DIRECTORY": "/q",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/objects",
        "GIT_CONFIG_PARAMETERS": "'core.bare=false'",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "false",
        "GIT_PUSH_OPTION_COUNT": "2",
        "GIT_PUSH_OPTION_0": "merge",
        "GIT_PUSH_OPTION_1": "a b",
        "GIT_EXEC_PATH": "/usr/lib/git-core",
        "REMOTE_USER": "ada",
        "USER": "git",
    }
    push = taken_from(environment)
    assert (push.folder, push.options, push.pusher) == (tmp_path, ("merge", "a b"), "ada")
    assert push.quarantine == {"GIT_OBJECT_DIRECTORY": "/q", "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/objects"}
    assert environment == {"GIT_EXEC_PATH": "/usr/lib/git-core", "REMOTE_USER": "ada", "USER": "git"}


def test_a_repository_that_is_a_namespace_of_another_one_is_refused() -> None:
    with pytest.raises(BadInput, match="namespace"):
        taken_from({"GIT_DIR": ".", "GIT_NAMESPACE": "fork"})


def test_a_flood_of_push_options_is_refused() -> None:
    with pytest.raises(BadInput, match="too many"):
        taken_from({"GIT_DIR": ".", "GIT_PUSH_OPTION_COUNT": "100000"})
