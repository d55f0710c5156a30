# METADATA
# title: What could be done next
# description: |
#   The safe steps for a pull request that is not green. Which of them is the smallest is a matter of measured durations
#   and prices, so the caller prices them: `person_seconds` of somebody's attention and the run of `tests`. Steps of
#   equal cost are taken in the order of `rank`.
#
#   Input: as of maestro.decision.
package maestro.next_step

import data.maestro.facts
import data.maestro.incidents
import data.maestro.reasons
import data.maestro.reviews

# Assumptions about attention: reading a Decision Card, and mending something. Change them to what you measure.
look_seconds := 600

mend_seconds := 1800

when_blocked := in_order(for_blocked)

when_person := in_order(for_person)

in_order(steps) := [pair[1] | some pair in sort([[step.rank, step] | some step in steps])]

# METADATA
# title: Steps for a blocked one
# description: |
#   Running again is offered once, and only where nothing but tests without a good verdict stands in the way: runs until
#   green would hide a real failure, and no run mends a runner, answers a person or satisfies a control.
for_blocked contains step if {
	only_tests_block
	input.retries == 0
	step := {
		"rank": 0,
		"action": "retry",
		"description": "Run the tests without a passing verdict again.",
		"buys": "It tells a passing disturbance from a real failure before anybody has to look.",
		"tests": "unsettled",
		"person_seconds": 0,
	}
}

for_blocked contains step if {
	not decided_by_person
	input.report.failed_count > 0
	step := {
		"rank": 1,
		"action": "fix_test",
		"description": sprintf("Make %s pass: %s", [first_failed.test, first_failed.message]),
		"buys": sprintf("It removes the first of %d failures; the same cause often explains the others.", [input.report.failed_count]),
		"tests": "unsettled",
		"person_seconds": mend_seconds,
	}
}

for_blocked contains step if {
	not decided_by_person
	some problem in problems
	step := {
		"rank": 2,
		"action": "fix_runner",
		"description": with_fix(problem.message, problem.fix),
		"buys": "Without it the selected tests cannot give a verdict.",
		"tests": "selected",
		"person_seconds": mend_seconds,
	}
}

for_blocked contains step if {
	not decided_by_person
	some finding in facts.findings
	finding.tier == 1
	finding.state == "fail"
	step := mend_control(finding, 3)
}

for_blocked contains step if {
	some review in reviews.standing
	review.kind == "reject"
	step := {
		"rank": 4,
		"action": "answer_rejection",
		"description": sprintf("Answer %s: %s", [review.actor, review.reason]),
		"buys": "Only the person who rejected it can withdraw that, or a new commit can make it moot.",
		"tests": "selected",
		"person_seconds": mend_seconds,
	}
}

# Where nothing more precise is known, a person finds out.
for_blocked contains step if {
	count(reviews.rejecters) == 0
	step := {
		"rank": 9,
		"action": "ask_person",
		"description": "Ask a reviewer to look at the reasons above and to start it again.",
		"buys": "A person can tell whether it is still wanted and what is in its way.",
		"tests": "selected",
		"person_seconds": look_seconds + mend_seconds,
	}
}

# METADATA
# title: Steps for one that waits for a person
for_person contains step if {
	input.plan.mode == "direct"
	count(reasons.wanting_person) == 1
	count(incidents.open) == 0
	step := {
		"rank": 0,
		"action": "escalate_tests",
		"description": "Run the tests that were left out as well.",
		"buys": "It replaces a person's judgement by verdicts.",
		"tests": "all",
		"person_seconds": 0,
	}
}

for_person contains step if {
	some finding in facts.findings
	finding.tier == 2
	finding.state == "fail"
	step := mend_control(finding, 1)
}

for_person contains step if {
	step := {
		"rank": 2,
		"action": "ask_person",
		"description": ask,
		"buys": what_an_approval_buys,
		"tests": "none",
		"person_seconds": look_seconds,
	}
}

ask := sprintf("Ask somebody other than %s to approve or reject it.", [input.author]) if {
	input.author != ""
	count(incidents.open) == 0
}

ask := sprintf("Ask somebody other than %s to look into the incident, and to approve with a reason or reject.", [input.author]) if {
	input.author != ""
	count(incidents.open) > 0
}

ask := "Name the author, then ask somebody else to approve or reject it." if input.author == ""

default what_an_approval_buys := "An approval answers every reason above."

what_an_approval_buys := "An approval with a reason answers the incident, and every other reason above." if {
	count(incidents.open) > 0
}

mend_control(finding, rank) := {
	"rank": rank,
	"action": "fix_control",
	"description": with_fix(sprintf("Satisfy control %s (%s)", [finding.control, finding.title]), finding.fix),
	"buys": "The control asks again after the next push; it is decided by evidence, not by opinion.",
	"tests": "selected",
	"person_seconds": mend_seconds,
}

problems contains problem if some problem in facts.problems

problems contains problem if some problem in input.report.problems

with_fix(what, "") := what

with_fix(what, fix) := sprintf("%s: %s", [what, fix]) if fix != ""

first_failed := input.report.failures[0]

decided_by_person if count(reviews.rejecters) > 0

decided_by_person if input.expired

only_tests_block if {
	every reason in reasons.blocking {
		reason.rank in {4, 5, 6}
	}
}
