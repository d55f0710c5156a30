# METADATA
# title: Tests of what an incident holds back, and of what answers it
package maestro.incidents_test

import data.maestro.decision

duty := {"for_agents": false, "when_not_judged": false, "when_untested": false, "when_flaky": false, "above_changed_files": null}

tenants := {"default": {"needs_person": duty}}

held := {"control": "C-1", "title": "Tests pass", "tier": 1, "state": "pass", "reason": "they do", "fix": ""}

unwell := {"control": "C-2", "title": "Reviewed", "tier": 2, "state": "fail", "reason": "nobody did", "fix": ""}

report := {"passed": 3, "skipped": 0, "failed_count": 0, "missing_count": 0, "failures": [], "flaky": [], "problems": []}

good := {
	"tenant": "default",
	"author": "Ada <ada@x.org>",
	"author_kind": "human",
	"region": "north",
	"changed_files": 2,
	"plan": {"applicable": true, "reason": "3 of 9 tests", "mode": "standard", "not_judged": false},
	"report": report,
	"findings": [held],
	"reviews": [],
	"incidents": [],
	"problems": [],
	"expired": false,
	"retries": 0,
}

decide(changes) := answer if {
	answer := decision.answer with input as object.union(good, changes) with data.tenants as tenants
}

approval(actor) := {"kind": "approve", "actor": actor, "actor_kind": "human", "reason": "looked"}

incident(answer) := {"ordinal": 0, "actor": "eve", "actor_kind": "human", "reason": "it deleted a table", "answer": answer}

answered_by(actor, kind, reason) := incident({"actor": actor, "actor_kind": kind, "reason": reason})

open_sentence := "an incident is open: it deleted a table, reported by eve"

is_held(changes) if {
	answer := decide(changes)
	answer.state == "needs_person"
	answer.reasons[0] == open_sentence
	count(answer.steps) > 0
}

test_an_open_incident_turns_green_into_a_persons_matter if {
	decide({}).state == "green"
	is_held({"incidents": [incident(null)]})
}

test_an_incident_without_the_field_for_its_answer_is_no_sound_fact if {
	decide({"incidents": [object.remove(incident(null), ["answer"])]}).state == "blocked"
}

test_what_was_approved_before_does_not_answer_it if {
	early := {"incidents": [incident(null)], "reviews": [approval("bob")], "findings": [held, unwell]}
	answer := decide(early)
	answer.state == "needs_person"
	answer.reasons == [
		open_sentence,
		"the approval by bob does not answer the incident: it takes one that was given after it",
	]
}

test_an_approval_after_it_by_somebody_else_with_a_reason_answers_it if {
	answer := decide({"incidents": [answered_by("bob", "human", "the table was a copy")]})
	answer.state == "green"
	answer.decided_by == "bob"
	some reason in answer.reasons
	reason == concat("", [
		"an incident was answered: it deleted a table, reported by eve; ",
		"bob approved it all the same: the table was a copy",
	])
}

test_whoever_reported_it_can_answer_it if {
	decide({"incidents": [answered_by("eve", "human", "I was wrong")]}).state == "green"
}

test_neither_the_author_nor_an_agent_nor_silence_answers_it if {
	every answered in [
		answered_by("ADA@x.org", "human", "mine is right"),
		answered_by("bot", "agent", "all is well"),
		answered_by("bob", "human", " "),
	] {
		is_held({"incidents": [answered]})
	}
	is_held({"author": "", "incidents": [answered_by("bob", "human", "it is well")]})
}

test_an_answer_to_one_leaves_the_other_open if {
	other := object.union(incident(null), {"ordinal": 1, "reason": "and a second"})
	answer := decide({"incidents": [answered_by("bob", "human", "a copy"), other]})
	answer.state == "needs_person"
	answer.reasons == ["an incident is open: and a second, reported by eve"]
}

test_the_answer_leaves_other_reasons_to_an_approval if {
	changes := {"incidents": [answered_by("bob", "human", "a copy")], "findings": [held, unwell]}
	decide(changes).state == "needs_person"
	decide(object.union(changes, {"reviews": [approval("bob")]})).state == "green"
}

test_what_blocks_still_blocks_and_the_incident_is_named_with_it if {
	failing := {"failed_count": 1, "passed": 2, "failures": [{"test": "test_a", "message": "1 is not 2"}]}
	answer := decide({"report": failing, "incidents": [incident(null)]})
	answer.state == "blocked"
	answer.reasons == ["1 test failed: test_a", open_sentence]
	answer.steps[0].action == "retry"
}

test_more_tests_are_no_answer if {
	steps := decide({"plan": {"mode": "direct"}, "incidents": [incident(null)]}).steps
	{step.action | some step in steps} == {"ask_person"}
}
