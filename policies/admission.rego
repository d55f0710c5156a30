# METADATA
# title: What is not admitted
# description: |
#   Denials that need facts of more than one kind, or knowledge of the organisation. This is the place for denials of your
#   own: each is a sentence in `deny`. Controls read how many there are (kind `opa`, fact `denies`).
#
#   Input: pull_request (repo, pr, title, author, author_kind, tenant, labels, base_ref, head_sha) and facts: what is
#   established, by kind and name, as in controls/README.md. A fact that nobody established is absent, so a rule on it is
#   undefined and denies nothing; ask for its presence where that matters, as the first rules do.
#   Data: tenants.
package maestro.admission

# METADATA
# title: The answer
# description: The denials as sentences, in a fixed order.
# entrypoint: true
answer := {"denials": sort(deny)}

deny contains "the facts are incomplete, so nothing can be admitted on them" if not sound

deny contains text if {
	sound
	not known_tenant
	text := sprintf("the policy has no entry for tenant %s", [input.pull_request.tenant])
}

deny contains text if {
	input.facts.policy.ran_where_allowed == false
	regions := object.get(input.facts.policy, "ran_in", [])
	text := sprintf("tests ran where the policy does not allow it: %s", [concat(", ", sort(regions))])
}

sound if {
	is_string(input.pull_request.tenant)
	is_string(input.pull_request.author_kind)
	is_object(input.facts)
}

known_tenant if is_object(data.tenants[input.pull_request.tenant])
