# METADATA
# title: The reasons of a decision
# description: |
#   Each reason is a sentence with a rank: what is wrong or missing, why a person should look, why it may be merged.
#
#   Input: as of maestro.decision.
#   Data: tenants.
package maestro.reasons

import data.maestro.facts
import data.maestro.incidents
import data.maestro.reviews

# Ranks keep the order of the reasons; equal ranks are ordered by their text.
in_order(ranked) := [pair[1] | some pair in sort([[reason.rank, reason.text] | some reason in ranked])]

# METADATA
# title: What is wrong or missing
blocking contains {"rank": 0, "text": "the facts are incomplete, so nothing can be decided on them"} if not facts.sound

blocking contains {"rank": 0, "text": text} if {
	not facts.known_tenant
	text := sprintf("the policy has no entry for tenant %s", [input.tenant])
}

blocking contains {"rank": 1, "text": text} if {
	some review in reviews.standing
	review.kind == "reject"
	text := sprintf("%s rejected it: %s", [review.actor, review.reason])
}

blocking contains {"rank": 2, "text": "the deadline passed before any region could be used"} if {
	input.expired
	not facts.has_region
}

blocking contains {"rank": 2, "text": "the deadline passed before a person decided"} if {
	input.expired
	facts.has_region
}

blocking contains {"rank": 3, "text": problem.message} if some problem in facts.problems

blocking contains {"rank": 3, "text": "the tests were not selected, so nothing is known about it"} if not facts.has_plan

blocking contains {"rank": 4, "text": "the selected tests were not run"} if {
	input.plan.applicable
	not facts.has_report
}

blocking contains {"rank": 5, "text": text} if {
	input.report.failed_count > 0
	text := sprintf("%s failed: %s", [tests(input.report.failed_count), named([failure.test | some failure in input.report.failures])])
}

blocking contains {"rank": 6, "text": text} if {
	input.report.missing_count > 0
	text := sprintf("%s gave no verdict", [tests(input.report.missing_count)])
}

blocking contains {"rank": 7, "text": text} if {
	some problem in input.report.problems
	text := sprintf("the tests could not all run: %s", [problem.message])
}

blocking contains {"rank": 8, "text": text} if {
	some finding in facts.findings
	finding.tier == 1
	finding.state == "fail"
	text := sprintf("control %s (%s) fails: %s", [finding.control, finding.title, finding.reason])
}

# METADATA
# title: Why a person should look, although nothing is known to be wrong
wanting_person contains {"rank": 0, "text": text} if {
	some finding in facts.findings
	finding.tier == 2
	finding.state == "fail"
	text := sprintf("control %s (%s) fails: %s", [finding.control, finding.title, finding.reason])
}

wanting_person contains {"rank": 1, "text": text} if {
	some finding in facts.findings
	finding.tier <= 2
	finding.state == "not_evaluated"
	text := sprintf("control %s (%s) could not be evaluated: %s", [finding.control, finding.title, finding.reason])
}

wanting_person contains {"rank": 1, "text": "no control was evaluated"} if count(facts.findings) == 0

wanting_person contains {"rank": 2, "text": "a reviewer narrowed the selection, so more is left untested than usual"} if {
	input.plan.mode == "direct"
}

wanting_person contains {"rank": 3, "text": "every selected test was skipped, so nothing was shown"} if {
	input.plan.applicable
	input.report.passed == 0
}

wanting_person contains {"rank": 4, "text": "an agent wrote it, and this tenant wants a person for that"} if {
	input.author_kind == "agent"
	facts.duty.for_agents
}

wanting_person contains {"rank": 5, "text": text} if {
	input.plan.not_judged
	facts.duty.when_not_judged
	text := "test selection could not judge a change, and this tenant wants a person for that"
}

wanting_person contains {"rank": 6, "text": text} if {
	input.plan.applicable == false
	facts.duty.when_untested
	text := sprintf("no test covers it (%s), and this tenant wants a person for that", [input.plan.reason])
}

wanting_person contains {"rank": 7, "text": text} if {
	limit := facts.duty.above_changed_files
	is_number(limit)
	input.changed_files > limit
	text := sprintf("it changes %d files, more than the %d that this tenant lets pass alone", [input.changed_files, limit])
}

wanting_person contains {"rank": 7, "text": "it is not known how many files it changes, and this tenant has a limit"} if {
	is_number(facts.duty.above_changed_files)
	not facts.size_known
}

# METADATA
# title: Those that nobody has answered yet
# description: An approval answers every reason but an incident, which says itself when it is answered.
unanswered contains reason if {
	count(reviews.approvers) == 0
	some reason in wanting_person
}

unanswered contains {"rank": -1, "text": text} if {
	some incident in incidents.open
	text := open_sentence(incident)
}

# What blocks comes first, and to mend that answers no incident.
noted_incidents contains {"rank": 9, "text": text} if {
	some incident in incidents.open
	text := open_sentence(incident)
}

open_sentence(incident) := sprintf("an incident is open: %s, reported by %s", [trim_space(incident.reason), incident.actor])

void_approvals contains {"rank": 9, "text": text} if {
	count(incidents.open) > 0
	some approver in reviews.approvers
	text := sprintf("the approval by %s does not answer the incident: it takes one that was given after it", [approver])
}

void_approvals contains {"rank": 9, "text": text} if {
	some review in reviews.standing
	review.kind == "approve"
	not review.actor in reviews.approvers
	text := sprintf("the approval by %s does not count: it takes a person other than the author", [review.actor])
}

wanting_person contains {"rank": 8, "text": text} if {
	count(input.report.flaky) > 0
	facts.duty.when_flaky
	text := sprintf("%s, and this tenant wants a person for that", [failed_first])
}

wanting_person contains {"rank": 8, "text": text} if {
	quarantined > 0
	facts.duty.when_flaky
	text := sprintf("failed in quarantine: %s, and this tenant wants a person for that", [named(input.report.quarantined)])
}

failed_first := sprintf("failed first and passed when run again: %s", [named(input.report.flaky)])

advice contains finding if {
	some finding in facts.findings
	finding.tier >= 3
	finding.state == "fail"
}

# METADATA
# title: Why it may be merged
holding contains {"rank": 0, "text": text} if {
	input.plan.applicable
	input.report.skipped == 0
	quarantined == 0
	text := sprintf("%s passed, all that were selected", [tests(input.report.passed)])
}

holding contains {"rank": 0, "text": text} if {
	input.plan.applicable
	input.report.skipped > 0
	quarantined == 0
	text := sprintf("%s passed and none failed; %d skipped themselves", [tests(input.report.passed), input.report.skipped])
}

holding contains {"rank": 0, "text": text} if {
	input.plan.applicable
	quarantined > 0
	text := sprintf("%s passed, and none failed outside quarantine", [tests(input.report.passed)])
}

holding contains {"rank": 0, "text": text} if {
	input.plan.applicable == false
	text := sprintf("no test applies: %s", [input.plan.reason])
}

holding contains {"rank": 1, "text": text} if {
	held := count([finding | some finding in facts.findings; finding.state == "pass"])
	held > 0
	text := sprintf("controls that hold: %d", [held])
}

holding contains {"rank": 2, "text": text} if {
	count(advice) == 1
	some finding in advice
	text := sprintf("noted: control %s (%s) fails: %s", [finding.control, finding.title, finding.reason])
}

# A line for each would hide what decided.
holding contains {"rank": 2, "text": text} if {
	count(advice) > 1
	named_controls := concat(", ", sort([sprintf("%s (%s)", [finding.control, finding.title]) | some finding in advice]))
	text := sprintf("noted: %d controls that only advise fail: %s", [count(advice), named_controls])
}

holding contains {"rank": 2, "text": text} if {
	count(input.report.flaky) > 0
	text := sprintf("noted: %s", [failed_first])
}

holding contains {"rank": 2, "text": text} if {
	quarantined > 0
	text := sprintf("noted: failed in quarantine, which does not block: %s", [named(input.report.quarantined)])
}

# Reports that were written before there was a quarantine have none.
default quarantined := 0

quarantined := count(input.report.quarantined)

holding contains {"rank": 3, "text": text} if {
	count(wanting_person) > 0
	some approver in reviews.approvers
	answered := concat("; ", in_order(wanting_person))
	text := sprintf("%s approved it, knowing that %s", [approver, answered])
}

holding contains {"rank": 3, "text": text} if {
	some incident in incidents.answered
	parts := [incident.reason, incident.actor, incident.answer.actor, incident.answer.reason]
	text := sprintf("an incident was answered: %s, reported by %s; %s approved it all the same: %s", parts)
}

tests(1) := "1 test"

tests(number) := sprintf("%d tests", [number]) if number != 1

# METADATA
# title: The first three names
named(names) := concat(", ", names) if count(names) <= 3

named(names) := sprintf("%s and more", [concat(", ", array.slice(names, 0, 3))]) if count(names) > 3
