# METADATA
# title: What is decided about a pull request
# description: |
#   Blocked when something is known to be wrong or missing; otherwise a person is needed when policy wants one; otherwise
#   green. A person's approval answers every reason for wanting a person, and none for blocking. An incident that was
#   reported turns green into a person's matter as well; only an approval that was given after it, with a reason, answers
#   that.
#
#   Input: the document that maestro/decision.py builds from its facts.
#   Data: tenants.
package maestro.decision

import data.maestro.incidents
import data.maestro.next_step
import data.maestro.reasons
import data.maestro.reviews

# METADATA
# title: The answer
# description: The state, its reasons as sentences in a fixed order, who decided, and the steps that could follow.
# entrypoint: true
answer := {
	"state": state,
	"reasons": sentences[state],
	"decided_by": decided_by,
	"steps": steps[state],
}

state := "blocked" if count(reasons.blocking) > 0

state := "needs_person" if {
	count(reasons.blocking) == 0
	count(reasons.unanswered) > 0
}

state := "green" if {
	count(reasons.blocking) == 0
	count(reasons.unanswered) == 0
}

sentences := {
	"blocked": reasons.in_order(reasons.blocking | reasons.noted_incidents),
	"needs_person": reasons.in_order(reasons.unanswered | reasons.void_approvals),
	"green": reasons.in_order(reasons.holding),
}

steps := {
	"blocked": next_step.when_blocked,
	"needs_person": next_step.when_person,
	"green": [],
}

default decided_by := "policy"

decided_by := concat(", ", sort(reviews.rejecters)) if count(reviews.rejecters) > 0

decided_by := concat(", ", sort(deciders)) if {
	state == "green"
	count(deciders) > 0
}

deciders contains approver if {
	count(reasons.wanting_person) > 0
	some approver in reviews.approvers
}

deciders contains answerer if some answerer in incidents.answerers
