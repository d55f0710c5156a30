"""The names that statements carry: types of statements and predicates, and who Maestro says it is.

Our own names are URNs. We own no domain, a URN needs none, and what nobody can resolve nobody can take over. They say
what kind of thing acted; which installation it was, the signing key says.
"""

from typing import Final

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""The DSSE payload type of every statement."""

ENVELOPE_MEDIA_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
CYCLONEDX_MEDIA_TYPE: Final = "application/vnd.cyclonedx+json"

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
OLD_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v0.1"
"""What cosign and older builders still write; its fields are those of v1."""

TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
OLD_PROVENANCE: Final = "https://slsa.dev/provenance/v0.2"
SUMMARY_TYPE: Final = "https://slsa.dev/verification_summary/v1"
CYCLONEDX: Final = "https://cyclonedx.org/bom"
DECISION: Final = "urn:maestro-conductor:attestation:decision:v1"
ACTION: Final = "urn:maestro-conductor:attestation:reviewer-action:v1"

VERIFIER_ID: Final = "urn:maestro-conductor:verifier"
BUILDER_ID: Final = "urn:maestro-conductor:conductor"
BUILD_TYPE: Final = "urn:maestro-conductor:build-type:test-run:v1"
POLICY_URI: Final = "urn:maestro-conductor:policies"
CATALOGUE_URI: Final = "urn:maestro-conductor:controls"
ENVIRONMENT_URI: Final = "urn:maestro-conductor:environment"

COUNTS_FIELD: Final = "urn:maestro-conductor:field:counts"
NOT_NAMED_FIELD: Final = "urn:maestro-conductor:field:not-named"
"""Fields that we add to other people's predicates; their rules ask for URIs as the names of such fields."""
