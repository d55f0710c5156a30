# METADATA
# title: Tests of where a pull request may run
package maestro.placement_test

import data.maestro.placement

tenants := {
	"anyone": {"residency": {"rule": "anywhere", "regions": ["*"], "why": "it said nothing"}},
	"nordic": {"residency": {"rule": "finland-only", "regions": ["north"], "why": "its contracts say so"}},
}

dependencies := {"licence": {"packages": ["solver", "planner"], "regions": ["north"], "why": "of its licence"}}

both := ["north", "west"]

answer(tenant, names) := result if {
	result := placement.answer with input as {"tenant": tenant, "regions": both, "dependencies": names}
		with data.tenants as tenants
		with data.dependencies as dependencies
}

test_a_tenant_without_a_residency_duty_runs_anywhere if {
	result := answer("anyone", ["requests"])
	result.allowed == both
	result.denials == []
	result.residency == "by the rule anywhere of tenant anyone, because it said nothing"
}

test_residency_denies_with_tenant_rule_and_an_allowed_region if {
	result := answer("nordic", [])
	result.allowed == ["north"]
	result.denials == [{
		"region": "west",
		"rule": "finland-only",
		"message": concat("", [
			"tenant nordic may not run in west by the rule finland-only, ",
			"because its contracts say so; allowed: north",
		]),
	}]
}

test_an_unknown_tenant_is_denied_everywhere if {
	result := answer("nobody", [])
	result.allowed == []
	{denial.region | some denial in result.denials} == {"north", "west"}
	every denial in result.denials {
		denial.rule == "known-tenant"
		endswith(denial.message, "no configured region is allowed")
	}
}

test_a_restricted_dependency_denies_the_other_regions if {
	result := answer("anyone", ["requests", "solver"])
	result.allowed == ["north"]
	some denial in result.denials
	denial.region == "west"
	contains(denial.message, "depends on solver")
}

test_each_restricted_dependency_is_named if {
	result := answer("anyone", ["planner", "solver"])
	count(result.denials) == 2
}

test_an_empty_list_of_regions_denies_everywhere if {
	result := placement.answer with input as {"tenant": "anyone", "regions": both, "dependencies": ["solver"]}
		with data.tenants as tenants
		with data.dependencies as {"none": {"packages": ["solver"], "regions": [], "why": "it is banned"}}
	result.allowed == []
	count(result.denials) == 2
}

test_an_input_without_a_tenant_is_allowed_nowhere if {
	result := placement.answer with input as {"regions": both, "dependencies": []}
		with data.tenants as tenants
		with data.dependencies as dependencies
	result.allowed == []
}
