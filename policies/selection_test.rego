# METADATA
# title: Tests of the risk that a tenant takes
package maestro.selection_test

import data.maestro.selection

tenants := {"shop": {"selection": {
	"mode": "enforce",
	"base_tau": 0.05,
	"floor": 0.01,
	"ceiling": 0.1,
	"agents": ["[Bot]", "@robots.example"],
	"critical_paths": ["payments/", "deploy.yaml"],
	"critical_labels": ["security", "critical"],
	"replay_labels": ["full-suite"],
}}}

usual := {
	"tenant": "shop",
	"author": "Ada <ada@x.example>",
	"author_kind": "human",
	"labels": [],
	"files": ["src/cart.py"],
}

answer(changes) := result if {
	result := selection.answer with input as object.union(usual, changes) with data.tenants as tenants
}

test_the_bounds_are_the_tenants_own if {
	result := answer({})
	result.mode == "enforce"
	[result.floor, result.base_tau, result.ceiling] == [0.01, 0.05, 0.1]
	result.reason == "tenant shop has decided so"
}

test_a_tenant_may_rely_on_faults_of_public_projects if {
	trusting := json.patch(tenants, [{"op": "replace", "path": "/shop/selection/mode", "value": "public"}])
	result := selection.answer with input as usual with data.tenants as trusting
	result.mode == "public"
}

test_a_usual_pull_request_is_a_humans_and_not_critical if {
	result := answer({})
	[result.agent, result.critical, result.replay] == ["", [], []]
}

test_an_unknown_tenant_runs_everything_under_the_strictest_bound if {
	result := answer({"tenant": "nobody"})
	result.mode == "shadow"
	result.ceiling == 0.01
}

test_an_agent_is_known_by_what_was_said if answer({"author_kind": "agent"}).agent == "it was opened as an agent's"

test_an_agent_is_known_by_its_name_or_address_in_any_case if {
	answer({"author": "renovate[bot] <r@x.example>"}).agent == "the author's name contains [Bot]"
	answer({"author": "Rob <rob@ROBOTS.example>"}).agent == "the author's name contains @robots.example"
}

test_a_file_below_a_critical_folder_is_critical if {
	answer({"files": ["src/a.py", "payments/card.py"]}).critical == ["it changes payments/"]
}

test_a_file_is_critical_by_its_whole_name_only if {
	answer({"files": ["deploy.yaml"]}).critical == ["it changes deploy.yaml"]
	answer({"files": ["deploy.yaml.orig", "old/payments/card.py", "payments"]}).critical == []
}

test_each_critical_thing_is_said_once_in_order if {
	result := answer({"labels": ["security", "critical", "nice"], "files": ["payments/a.py", "payments/b.py"]})
	result.critical == ["it changes payments/", "it is labelled critical", "it is labelled security"]
}

test_a_label_asks_for_a_replay if answer({"labels": ["full-suite"]}).replay == ["it is labelled full-suite"]
