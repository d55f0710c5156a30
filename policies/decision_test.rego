# METADATA
# title: Tests of what is decided, and of what is offered next
package maestro.decision_test

import data.maestro.decision

relaxed := {"for_agents": false, "when_not_judged": false, "when_untested": false, "when_flaky": false, "above_changed_files": null}

strict := {"for_agents": true, "when_not_judged": true, "when_untested": true, "when_flaky": true, "above_changed_files": 10}

tenants := {"relaxed": {"needs_person": relaxed}, "strict": {"needs_person": strict}}

held := {"control": "C-1", "title": "Tests pass", "tier": 1, "state": "pass", "reason": "they do", "fix": ""}

plan := {"applicable": true, "reason": "3 of 9 tests", "mode": "standard", "not_judged": false}

report := {"passed": 3, "skipped": 0, "failed_count": 0, "missing_count": 0, "failures": [], "flaky": [], "problems": []}

good := {
	"tenant": "relaxed",
	"author": "ada",
	"author_kind": "human",
	"region": "north",
	"changed_files": 2,
	"plan": plan,
	"report": report,
	"findings": [held],
	"reviews": [],
	"incidents": [],
	"problems": [],
	"expired": false,
	"retries": 0,
}

failing := {"failed_count": 1, "passed": 2, "failures": [{"test": "test_a", "message": "1 is not 2"}]}

decide(changes) := answer if {
	answer := decision.answer with input as object.union(good, changes) with data.tenants as tenants
}

control(tier, state) := {"findings": [held, {
	"control": "C-2", "title": "Reviewed", "tier": tier,
	"state": state, "reason": "nobody did", "fix": "ask somebody",
}]}

said(kind, actor, actor_kind) := {"kind": kind, "actor": actor, "actor_kind": actor_kind, "reason": "because"}

blocked_with(changes, text) if {
	answer := decide(changes)
	answer.state == "blocked"
	some reason in answer.reasons
	contains(reason, text)
}

needs_person_with(changes, text) if {
	answer := decide(changes)
	answer.state == "needs_person"
	some reason in answer.reasons
	contains(reason, text)
}

first_action(changes) := decide(changes).steps[0].action

test_everything_well_is_green_and_says_why if {
	answer := decide({})
	answer.state == "green"
	answer.reasons == ["3 tests passed, all that were selected", "controls that hold: 1"]
	answer.steps == []
	answer.decided_by == "policy"
}

test_a_failing_test_blocks_by_its_name if blocked_with({"report": failing}, "1 test failed: test_a")

test_a_test_without_a_verdict_blocks if blocked_with({"report": {"missing_count": 2}}, "2 tests gave no verdict")

test_a_runner_problem_blocks if {
	blocked_with({"report": {"problems": [{"message": "pytest is missing", "fix": "add it"}]}}, "pytest is missing")
}

test_a_problem_outside_the_tests_blocks if {
	blocked_with({"problems": [{"message": "the ledger is locked", "fix": "wait"}]}, "the ledger is locked")
}

test_a_selection_that_was_not_run_blocks if {
	answer := decision.answer with input as object.remove(good, ["report"]) with data.tenants as tenants
	answer.state == "blocked"
}

test_no_selection_at_all_blocks if {
	answer := decision.answer with input as object.remove(good, ["plan", "report"]) with data.tenants as tenants
	answer.state == "blocked"
}

test_a_failing_control_of_tier_1_blocks if blocked_with(control(1, "fail"), "control C-2 (Reviewed) fails")

test_a_failing_control_of_tier_2_needs_a_person if needs_person_with(control(2, "fail"), "control C-2 (Reviewed) fails")

test_a_failing_control_of_tier_3_is_only_noted if {
	answer := decide(control(3, "fail"))
	answer.state == "green"
	"noted: control C-2 (Reviewed) fails: nobody did" in answer.reasons
}

test_several_failing_controls_of_tier_3_are_noted_in_one_sentence if {
	failing := [
		{"control": "C-3", "title": "Kept", "tier": 3, "state": "fail", "reason": "it is not"},
		{"control": "C-2", "title": "Reviewed", "tier": 3, "state": "fail", "reason": "nobody did"},
	]
	answer := decide({"findings": failing})
	answer.state == "green"
	"noted: 2 controls that only advise fail: C-2 (Reviewed), C-3 (Kept)" in answer.reasons
}

test_a_control_that_was_not_evaluated_needs_a_person_in_tiers_1_and_2 if {
	every tier in [1, 2] {
		needs_person_with(control(tier, "not_evaluated"), "could not be evaluated")
	}
}

test_no_control_at_all_needs_a_person if needs_person_with({"findings": []}, "no control was evaluated")

test_a_narrowed_selection_needs_a_person if needs_person_with({"plan": {"mode": "direct"}}, "narrowed")

test_only_skipped_tests_need_a_person if needs_person_with({"report": {"passed": 0, "skipped": 3}}, "skipped")

test_no_applicable_test_is_green_with_its_reason if {
	answer := decide({"plan": {"applicable": false, "reason": "only prose changed"}})
	answer.state == "green"
	"no test applies: only prose changed" in answer.reasons
}

test_each_wish_of_a_tenant_for_a_person_is_followed if {
	every changes in [
		{"author_kind": "agent"},
		{"plan": {"not_judged": true}},
		{"plan": {"applicable": false}},
		{"changed_files": 11},
		{"report": {"flaky": ["test_a"]}},
		{"report": {"quarantined": ["test_a"]}},
	] {
		decide(object.union(changes, {"tenant": "strict"})).state == "needs_person"
		decide(changes).state == "green"
	}
}

test_a_test_that_passed_only_when_run_again_is_never_passed_over if {
	answer := decide({"report": {"flaky": ["test_a"]}})
	"noted: failed first and passed when run again: test_a" in answer.reasons
}

test_a_failure_in_quarantine_is_named_and_does_not_block if {
	answer := decide({"report": {"passed": 2, "quarantined": ["test_a"]}})
	answer.state == "green"
	"2 tests passed, and none failed outside quarantine" in answer.reasons
	"noted: failed in quarantine, which does not block: test_a" in answer.reasons
}

test_a_failure_outside_quarantine_blocks_whatever_is_in_it if blocked_with(
	{"report": object.union(failing, {"quarantined": ["test_b"]})},
	"1 test failed",
)

test_an_unknown_size_needs_a_person_where_a_tenant_has_a_limit if {
	answer := decision.answer with input as object.union(object.remove(good, ["changed_files"]), {"tenant": "strict"})
		with data.tenants as tenants
	answer.state == "needs_person"
}

test_an_unknown_tenant_blocks if blocked_with({"tenant": "nobody"}, "no entry for tenant nobody")

test_another_persons_approval_turns_a_need_for_a_person_green if {
	reviews := [said("approve", "bob", "human")]
	answer := decide(object.union(control(2, "fail"), {"reviews": reviews}))
	answer.state == "green"
	answer.decided_by == "bob"
	some reason in answer.reasons
	contains(reason, "bob approved it, knowing that control C-2")
}

test_an_approval_never_lifts_a_block if {
	reviews := [said("approve", "bob", "human")]
	decide({"report": failing, "reviews": reviews}).state == "blocked"
}

test_neither_the_author_nor_an_agent_can_approve if {
	every review in [said("approve", " ADA", "human"), said("approve", "bot", "agent")] {
		needs_person_with(object.union(control(2, "fail"), {"reviews": [review]}), "does not count")
	}
}

test_an_author_cannot_approve_under_the_address_alone if {
	some actor in ["ada@x.org", " ADA@X.ORG ", "Somebody Else <ada@x.org>"]
	answer := decide(object.union(control(2, "fail"), {
		"author": "Ada <ada@x.org>",
		"reviews": [said("approve", actor, "human")],
	}))
	answer.state == "needs_person"
}

test_who_wrote_a_commit_cannot_approve_another_ones_pull_request if {
	wrote := {"contributors": ["Bob <bob@x.org>", "Carol <carol@x.org>"], "reviews": [said("approve", "bob@x.org", "human")]}
	needs_person_with(object.union(control(2, "fail"), wrote), "does not count")
	other := {"contributors": ["Carol <carol@x.org>"], "reviews": [said("approve", "bob@x.org", "human")]}
	decide(object.union(control(2, "fail"), other)).state == "green"
}

test_contributors_that_are_no_list_are_never_nobody if {
	wrong := {"contributors": "bob@x.org", "reviews": [said("approve", "bob@x.org", "human")]}
	decide(object.union(control(2, "fail"), wrong)).state == "blocked"
}

test_nobody_can_approve_for_an_unknown_author if {
	reviews := [said("approve", "bob", "human")]
	decide(object.union(control(2, "fail"), {"author": "", "reviews": reviews})).state == "needs_person"
}

test_a_rejection_blocks_and_the_last_word_of_a_person_stands if {
	no := said("reject", "bob", "human")
	yes := said("approve", "bob", "human")
	blocked_with({"reviews": [no]}, "bob rejected it: because")
	blocked_with({"reviews": [yes, no]}, "bob rejected it")
	decide({"reviews": [no, yes]}).state == "green"
	blocked_with({"reviews": [no, said("approve", "eve", "human")]}, "bob rejected it")
}

test_a_passed_deadline_blocks if {
	blocked_with({"expired": true}, "before a person decided")
	answer := decision.answer with input as object.union(object.remove(good, ["region"]), {"expired": true})
		with data.tenants as tenants
	"the deadline passed before any region could be used" in answer.reasons
}

test_a_missing_fact_never_reads_as_nothing_is_wrong if {
	every fact in ["author", "author_kind", "tenant", "findings", "reviews", "problems", "expired", "retries", "plan"] {
		answer := decision.answer with input as object.remove(good, [fact]) with data.tenants as tenants
		answer.state == "blocked"
	}
}

test_a_fact_of_another_type_never_reads_as_nothing_is_wrong if {
	every changes in [
		{"report": null}, {"plan": null}, {"report": {"failed_count": "0"}}, {"report": {"missing_count": null}},
		{"expired": "yes"}, {"findings": null}, {"reviews": 7}, control(1, "failed"), control("1", "fail"),
		{"incidents": null}, {"incidents": {}}, {"incidents": [{"actor": "eve", "reason": "wrong", "answer": "yes"}]},
	] {
		decide(changes).state == "blocked"
	}
}

test_failing_tests_are_run_again_once_and_then_fixed if {
	first_action({"report": failing}) == "retry"
	first_action({"report": failing, "retries": 1}) == "fix_test"
}

test_nothing_is_run_again_where_that_cannot_help if {
	first_action(object.union(control(1, "fail"), {"report": failing})) == "fix_test"
	first_action({"report": failing, "reviews": [said("reject", "bob", "human")]}) == "answer_rejection"
	first_action({"report": failing, "expired": true}) == "ask_person"
	first_action({"report": {"problems": [{"message": "pytest is missing", "fix": "add it"}]}}) == "fix_runner"
}

test_a_failing_control_is_satisfied_by_its_fix if {
	step := decide(control(1, "fail")).steps[0]
	step.action == "fix_control"
	step.description == "Satisfy control C-2 (Reviewed): ask somebody"
}

test_a_narrowed_selection_alone_can_be_widened_instead_of_asking if {
	narrowed := {"plan": {"mode": "direct"}}
	{step.action | some step in decide(narrowed).steps} == {"escalate_tests", "ask_person"}
	{step.action | some step in decide(object.union(narrowed, {"findings": []})).steps} == {"ask_person"}
}

test_whatever_is_not_green_has_a_step if {
	every changes in [
		{"findings": []}, {"tenant": "nobody"}, {"expired": true}, {"reviews": [said("reject", "bob", "human")]},
		{"report": failing, "retries": 3}, {"plan": {"mode": "direct"}}, {"findings": null}, {"author": "", "findings": []},
	] {
		count(decide(changes).steps) > 0
	}
}
