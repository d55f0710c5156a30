"""A model's file: whole, signed, of this version and of this repository, or refused with the reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.impact.calibration.modelfile import PAYLOAD_TYPE, ModelFile, dump, load
from maestro.impact.calibration.window import window_of
from maestro.impact.history.builds import History
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring, open_keyring
from tests.impact.calibration.models import Weights, build_of, history_of, model_file


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return open_keyring(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return model_file()


def test_a_model_comes_out_of_its_file_as_it_was(keys: Keyring, model: ModelFile) -> None:
    loaded = load(dump(model, keys=keys), repo="acme/shop", tenant="default", keys=keys)
    assert loaded == model
    assert loaded.read(Weights, method="weights-1") == Weights(weights=(0.5, -1.25))
    assert dump(loaded, keys=keys) == dump(model, keys=keys)


@given(position=st.integers(min_value=0), flip=st.integers(1, 255))
def test_a_file_with_one_changed_byte_never_loads_as_another_model(
    keys: Keyring, model: ModelFile, position: int, flip: int
) -> None:
    content = bytearray(dump(model, keys=keys))
    content[position % len(content)] ^= flip
    try:
        loaded = load(bytes(content), repo="acme/shop", tenant="default", keys=keys)
    except BadInput:
        return
    assert loaded == model


def test_a_file_that_somebody_else_signed_is_refused(
    keys: Keyring, model: ModelFile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = dump(model, keys=open_keyring(tmp_path_factory.mktemp("strangers")))
    with pytest.raises(BadInput, match="does not trust"):
        load(content, repo="acme/shop", tenant="default", keys=keys)


@pytest.mark.parametrize(("repo", "tenant"), [("acme/other", "default"), ("acme/shop", "blue")])
def test_a_model_of_another_repository_or_tenant_is_refused(
    keys: Keyring, model: ModelFile, repo: str, tenant: str
) -> None:
    with pytest.raises(BadInput, match=r"the model is of acme/shop \(tenant default\)"):
        load(dump(model, keys=keys), repo=repo, tenant=tenant, keys=keys)


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_a_file_of_another_version_is_refused_with_both_versions(
    keys: Keyring, model: ModelFile, version: object
) -> None:
    plain = json.loads(canonical_json(model)) | {"version": version, "from_the_future": True}
    content = seal(canonical_json(plain).encode(), payload_type=PAYLOAD_TYPE, keys=keys)
    with pytest.raises(BadInput, match=f"has version {version}, this release reads version 1") as refused:
        load(content, repo="acme/shop", tenant="default", keys=keys)
    assert "maestro tests calibrate --repo acme/shop" in refused.value.fix


def test_a_signed_file_that_lacks_something_is_refused_by_field(keys: Keyring, model: ModelFile) -> None:
    plain = json.loads(canonical_json(model))
    del plain["window"]["digest"]
    content = seal(canonical_json(plain).encode(), payload_type=PAYLOAD_TYPE, keys=keys)
    with pytest.raises(BadInput) as refused:
        load(content, repo="acme/shop", tenant="default", keys=keys)
    assert refused.value.field == "model.json: window.digest"


def test_parameters_of_another_method_are_refused(model: ModelFile) -> None:
    with pytest.raises(BadInput, match="fitted by weights-1, this release predicts by weights-2"):
        model.read(Weights, method="weights-2")
    broken = model.model_copy(update={"parameters": {"weights": "heavy"}})
    with pytest.raises(BadInput) as refused:
        broken.read(Weights, method="weights-1")
    assert refused.value.field == "parameters.weights"


def test_the_window_counts_what_it_covers() -> None:
    window = window_of(history_of(build_of(3), build_of(5)))
    assert (window.builds, window.red_builds, window.outcomes) == (2, 2, 4)
    assert (window.first_build, window.last_build, window.last_time) == ("b3", "b5", 5.0)
    assert window_of(History()).builds == 0


def test_the_digest_of_the_data_notices_every_change() -> None:
    same = window_of(history_of(build_of(0), build_of(1))).digest
    assert window_of(history_of(build_of(0), build_of(1))).digest == same
    assert window_of(history_of(build_of(0))).digest != same
    assert window_of(history_of(build_of(0), build_of(1, seconds=2.0))).digest != same
    assert window_of(History(names=("t0", "u1"), builds=(build_of(0), build_of(1)))).digest != same
