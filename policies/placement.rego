# METADATA
# title: Where a pull request may run
# description: |
#   Residency per tenant, and dependencies that are allowed in some regions only. Every region of the input is either in
#   `answer.allowed` or has at least one denial; a tenant without an entry is allowed nowhere.
#
#   Input: tenant (name), regions (ids), dependencies (package names, normalized).
#   Data: tenants, dependencies.
package maestro.placement

# METADATA
# title: The answer
# description: |
#   Allowed region ids, denials with a sentence for the reviewer (both sorted), and the tenant's residency in a sentence.
# entrypoint: true
answer := {
	"allowed": sort(allowed),
	"denials": sort(denials),
	"residency": residency,
}

default residency := "the policy has no entry for this tenant"

residency := sprintf("by the rule %s of tenant %s, because %s", [duty.rule, input.tenant, duty.why]) if {
	duty := data.tenants[input.tenant].residency
}

# METADATA
# title: Regions that no rule refuses
allowed contains region if {
	some region in input.regions
	not region in refused
}

refused contains refusal.region if some refusal in refusals

denials contains denial if {
	some refusal in refusals
	denial := {
		"region": refusal.region,
		"rule": refusal.rule,
		"message": sprintf(
			"tenant %s may not run in %s by the rule %s, because %s; %s",
			[input.tenant, refusal.region, refusal.rule, refusal.why, instead],
		),
	}
}

# METADATA
# title: Each region with each rule that refuses it
refusals contains refusal if {
	not known_tenant
	some region in input.regions
	refusal := {"region": region, "rule": "known-tenant", "why": "the policy has no entry for this tenant"}
}

refusals contains refusal if {
	duty := data.tenants[input.tenant].residency
	some region in input.regions
	not covers(duty.regions, region)
	refusal := {"region": region, "rule": duty.rule, "why": duty.why}
}

refusals contains refusal if {
	some rule, restriction in data.dependencies
	some package_name in restriction.packages
	package_name in input.dependencies
	some region in input.regions
	not covers(restriction.regions, region)
	why := sprintf("it depends on %s: %s", [package_name, restriction.why])
	refusal := {"region": region, "rule": rule, "why": why}
}

# A rule of its own: `not data.tenants[input.tenant]` is undefined, not true, where the input has no tenant.
known_tenant if data.tenants[input.tenant]

covers(regions, _) if "*" in regions

covers(regions, region) if region in regions

instead := sprintf("allowed: %s", [concat(", ", sort(allowed))]) if count(allowed) > 0

instead := "no configured region is allowed" if count(allowed) == 0
