# METADATA
# title: Tests of the admission policy
package maestro.admission_test

import data.maestro.admission

tenants := {"default": {"network_for_tests": false}}

human := {"tenant": "default", "author_kind": "human"}

denials(pull_request, facts) := answer.denials if {
	answer := admission.answer with input as {"pull_request": pull_request, "facts": facts}
		with data.tenants as tenants
}

test_a_sound_pull_request_is_admitted if {
	denials(human, {"policy": {"ran_where_allowed": true, "ran_in": ["eu-north"]}}) == []
}

test_nothing_is_admitted_without_facts if {
	answer := admission.answer with input as {} with data.tenants as tenants
	answer.denials == ["the facts are incomplete, so nothing can be admitted on them"]
}

test_an_unknown_tenant_is_not_admitted if {
	denials({"tenant": "nobody", "author_kind": "human"}, {}) == ["the policy has no entry for tenant nobody"]
}

test_tests_that_ran_elsewhere_are_denied_with_the_place if {
	facts := {"policy": {"ran_where_allowed": false, "ran_in": ["us-east", "eu-west"]}}
	denials(human, facts) == ["tests ran where the policy does not allow it: eu-west, us-east"]
}

test_tests_that_ran_elsewhere_are_denied_also_when_nobody_knows_where if {
	count(denials(human, {"policy": {"ran_where_allowed": false}})) == 1
}

test_a_fact_that_nobody_established_denies_nothing_by_itself if denials(human, {"policy": {}}) == []
