# METADATA
# title: Tests of whether the namespace may move
package maestro.failover_test

import data.maestro.failover

rules := {
	"never_active": {"archive": {"clusters": ["cold"], "why": "it has no workers"}},
	"pairs": {"one-way": {"from": "a", "to": "c", "kinds": ["planned"], "why": "nothing is replicated there"}},
	"tenants": {"at-home": {"tenants": ["nordic"], "clusters": ["a"], "why": "its contracts say so"}},
	"hours": {"rush": {"kinds": ["planned"], "hours": [9, 10], "why": "everybody works"}},
}

no_rules := {"never_active": {}, "pairs": {}, "tenants": {}, "hours": {}}

answer(to, kind, tenants, hour) := result if {
	move := {"from": "a", "to": to, "kind": kind, "tenants": tenants, "hour": hour}
	result := failover.answer with input as move with data.failover as rules
}

test_a_move_that_no_rule_refuses_is_allowed if {
	answer("b", "planned", ["default"], 3) == {"allowed": true, "denials": []}
}

test_without_rules_every_move_is_allowed if {
	move := {"from": "a", "to": "cold", "kind": "forced", "tenants": ["nordic"], "hour": 9}
	result := failover.answer with input as move with data.failover as no_rules
	result.allowed
}

test_a_cluster_that_never_becomes_active_is_denied_with_its_rule if {
	result := answer("cold", "forced", [], 3)
	not result.allowed
	result.denials == [{
		"rule": "archive",
		"message": "cold may not become active by the rule archive, because it has no workers",
	}]
}

test_a_pair_is_denied_for_its_kind_only if {
	answer("c", "forced", [], 3).allowed
	result := answer("c", "planned", [], 3)
	not result.allowed
	some denial in result.denials
	contains(denial.message, "no planned failover from a to c")
}

test_a_tenant_whose_orchestration_stays_waits_rather_than_moves if {
	answer("b", "forced", ["default"], 3).allowed
	result := answer("b", "forced", ["default", "nordic"], 3)
	not result.allowed
	result.denials == [{
		"rule": "at-home",
		"message": concat("", [
			"tenant nordic has open work and is not conducted in b by the rule at-home, ",
			"because its contracts say so; it waits rather than moves",
		]),
	}]
}

test_an_hour_of_rest_is_kept_by_planned_failovers if {
	answer("b", "forced", [], 9).allowed
	not answer("b", "planned", [], 9).allowed
	answer("b", "planned", [], 11).allowed
}

test_every_rule_that_refuses_is_named if {
	rules_named := {denial.rule | some denial in answer("c", "planned", ["nordic"], 9).denials}
	rules_named == {"one-way", "at-home", "rush"}
}

test_an_incomplete_question_is_refused if {
	result := failover.answer with input as {"from": "a", "to": "b"} with data.failover as no_rules
	not result.allowed
	some denial in result.denials
	denial.rule == "known-move"
}

test_without_data_nothing_moves if {
	move := {"from": "a", "to": "b", "kind": "forced", "tenants": [], "hour": 3}
	result := failover.answer with input as move with data.failover as null
	not result.allowed
}
