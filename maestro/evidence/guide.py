"""``VERIFY.md``: how to check a bundle with tools that are not Maestro's, with this bundle's own values filled in.

Pure: the same contents and key give the same bytes. No text of the pull request stands in it, so that nobody who opened
one can put a command there.
"""

import shlex

from maestro.attestations.names import SUMMARY_TYPE, VERIFIER_ID
from maestro.attestations.resource import resource_uri
from maestro.attestations.summary import level_of
from maestro.canonical import DIGEST_PREFIX
from maestro.evidence.contents import SUMMARY, Contents, Member, Role
from maestro.evidence.gathered import RECORDS
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState
from maestro.signing.algorithms import Algorithm
from maestro.signing.keys import Keyring

GUIDE = "VERIFY.md"
KEYS = "keys"
PEM = "application/x-pem-file"


def guide_members(contents: Contents, *, keys: Keyring) -> tuple[Member, ...]:
    """The public key that signs, to be compared with one that the reader has from elsewhere, and the guide."""
    path = f"{KEYS}/{keys.key_id.removeprefix(DIGEST_PREFIX)}.pem"
    text = _guide(contents, keys=keys, path=path)
    return (
        Member(path, keys.public_pem(), PEM, Role.KEYS, "the public key that signed; believe your own copy, not this"),
        Member(GUIDE, text.encode(), "text/markdown", Role.GUIDE, "how to check this bundle without Maestro"),
    )


def _guide(contents: Contents, *, keys: Keyring, path: str) -> str:
    pull_request = contents.card.pull_request
    sections = (
        _HEAD.format(commit=pull_request.head_sha),
        _KEY.format(key_id=keys.key_id, path=path),
        _SIGNATURE.format(unpack=_UNPACK, verify=_ED25519 if keys.signer.algorithm is Algorithm.ED25519 else _OPENSSL),
        _FILES,
        _cosign(),
        _slsa_verifier(contents, keys.key_id),
        _STATEMENTS,
        _GIT.format(commit=pull_request.head_sha, tree=contents.tested_tree, landing=_landing(contents)),
        _RECORDS.format(file=RECORDS),
        _LIMITS,
    )
    return "\n".join(sections)


def _cosign() -> str:
    return _COSIGN.format(type=SUMMARY_TYPE)


def _slsa_verifier(contents: Contents, key_id: str) -> str:
    pull_request = contents.card.pull_request
    passing = sorted(level_of(one.control) for one in contents.card.findings if one.state is FindingState.PASS)
    words = [
        ("--attestation-path", SUMMARY),
        ("--subject-digest", f"gitCommit:{pull_request.head_sha}"),
        ("--verifier-id", VERIFIER_ID),
        ("--resource-uri", resource_uri(pull_request)),
        *(("--verified-level", level) for level in passing),
        ("--public-key-id", key_id),
    ]
    options = "".join(f" \\\n  {option} {shlex.quote(value)}" for option, value in words)
    green = contents.card.decision.state is DecisionState.GREEN
    return _SLSA.format(options=options, outcome=_PASSED if green else _FAILED)


def _landing(contents: Contents) -> str:
    landing = contents.landing
    if landing is None:
        return "Nothing was merged when this was sealed."
    return _LANDED.format(commit=landing.commit, tree=landing.tree)


_HEAD = """# How to check this bundle

It is about the commit `{commit}`. Everything in it follows from one signature: `vsa.dsse.json` is signed and names the
digest of `index.json`, and `index.json` names the digest of every other file. Run the commands in the bundle's folder,
in one shell, one after the other. They need openssl, sha256sum, jq and Python 3, no network, and nothing of Maestro.
With Maestro, `maestro evidence verify` does all of it and more.
"""

_KEY = """## 1. The key

A signature proves as much as you know about its key. This bundle was signed by

    {key_id}

which is the SHA-256 of the public key. A copy lies in `{path}`. Anybody could have put one there: take the key from
whoever runs Maestro by another way, and compare. The line that this prints has to be the one above, without `sha256:`.

```sh
KEY={path}   # or your own copy
TEMP=$(mktemp -d)
openssl pkey -pubin -in "$KEY" -outform DER | sha256sum
```
"""

_UNPACK = """python3 -c 'import base64, json, sys
envelope = json.load(open("vsa.dsse.json"))
kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
open(sys.argv[1] + "/signed", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
open(sys.argv[1] + "/signature", "wb").write(base64.b64decode(envelope["signatures"][0]["sig"]))
open(sys.argv[1] + "/summary.json", "wb").write(payload)' "$TEMP\""""

_OPENSSL = 'openssl dgst -sha256 -verify "$KEY" -signature "$TEMP/signature" "$TEMP/signed"'
_ED25519 = 'openssl pkeyutl -verify -pubin -inkey "$KEY" -rawin -in "$TEMP/signed" -sigfile "$TEMP/signature"'

_SIGNATURE = """## 2. The signature

What is signed (DSSE) is the type and the payload, each behind its length:

```sh
{unpack}
{verify}
jq . "$TEMP/summary.json"
```

The summary says who verified what, when, with which result, and which controls held (`verifiedLevels`).
"""

_FILES = """## 3. The files

The index has to have the digest that the summary names, and every file the one that the index names. The last command
prints files that nobody names; it has to print nothing.

```sh
test "$(jq -r '.subject[] | select(.name == "index.json") | .digest.sha256' "$TEMP/summary.json")" \\
  = "$(sha256sum < index.json | cut -d ' ' -f 1)"
jq -r '.files[] | "\\(.digest | ltrimstr("sha256:"))  \\(.path)"' index.json | sha256sum --check --quiet --strict
jq -r '.files[].path, "index.json", "vsa.dsse.json"' index.json | LC_ALL=C sort > "$TEMP/named"
find . ! -type d | sed 's|^\\./||' | LC_ALL=C sort | comm -13 "$TEMP/named" - | tee "$TEMP/unnamed"
test ! -s "$TEMP/unnamed"
```
"""

_COSIGN = """## 4. The same with cosign

cosign 3 reads the signature in a Sigstore bundle, which is only another envelope around it. The key's name is left out
of that, because cosign names keys in another way; it is not signed, and `--key` says which key it has to be. This is
offline, and there is no transparency log to ask.

```sh
jq '{{mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: {{publicKey: {{hint: .signatures[0].keyid}}}},
  dsseEnvelope: del(.signatures[].keyid)}}' vsa.dsse.json > "$TEMP/bundle.json"
cosign verify-blob-attestation --key "$KEY" --bundle "$TEMP/bundle.json" --insecure-ignore-tlog \\
  --type {type} index.json
```
"""

_SLSA = """## 5. The same with slsa-verifier

It asks whether these controls held for this commit:

```sh
slsa-verifier verify-vsa --public-key-path "$KEY"{options}
```

{outcome}
"""

_PASSED = "It has to end with `PASSED: SLSA verification passed`."
_FAILED = "It has to refuse: the decision was not green, and the summary says so (`verificationResult` is `FAILED`)."

_STATEMENTS = """## 6. What else was stated

The signed statements are about the same commit. The summary lists each with its digest (`inputAttestations`), and step
3 has checked it. This prints what they are about:

```sh
for file in statements/*.dsse.json; do
  echo "$file"
  jq -r .payload "$file" | base64 --decode | jq '{predicateType, subject}'
done
```
"""

_GIT = """## 7. The repository

Whether the repository has this commit, only the repository can say. In a clone of it:

```text
git rev-parse {commit}^{{tree}}     # has to print {tree}
```

{landing}
"""

_LANDED = """What landed has to have the tree that was tested:

```text
git rev-parse {commit}^{{tree}}     # has to print {tree}
```"""

_RECORDS = """## 8. The decision records

Each line of `{file}` is a record with its hash. The hash covers the rest of the line, and the record after it in the
ledger names it. This prints the records whose hash does not fit; it has to print nothing.

```sh
python3 -c 'import hashlib, json
for line in open("records.jsonl"):
    record = json.loads(line)
    stated = record.pop("hash")
    body = json.dumps(record, sort_keys=True, separators=(",", ":"))
    if "sha256:" + hashlib.sha256(body.encode()).hexdigest() != stated:
        print(record["sequence"])'
```
"""

_LIMITS = """## What none of this shows

That the tests were run as the statements say: whoever holds the key can state anything. That the key was not revoked
after you got it. That no other bundle of the same commit exists. Times are the signer's own.
"""
