# METADATA
# title: What is decided about a pull request
# description: |
#   Blocked when something is known to be wrong or missing; otherwise a person is needed when policy wants one; otherwise
#   green. A person's approval answers every reason for wanting a person, and none for blocking.
#
#   Input: the document that maestro/decision.py builds from its facts.
#   Data: tenants.
package maestro.decision

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
	count(reasons.wanting_person) > 0
	count(reviews.approvers) == 0
}

state := "green" if {
	count(reasons.blocking) == 0
	person_satisfied
}

person_satisfied if count(reasons.wanting_person) == 0

person_satisfied if count(reviews.approvers) > 0

sentences := {
	"blocked": reasons.in_order(reasons.blocking),
	"needs_person": reasons.in_order(reasons.wanting_person | reasons.void_approvals),
	"green": reasons.in_order(reasons.holding),
}

steps := {
	"blocked": next_step.when_blocked,
	"needs_person": next_step.when_person,
	"green": [],
}

default decided_by := "policy"

decided_by := concat(", ", sort(reviews.rejecters)) if count(reviews.rejecters) > 0

decided_by := concat(", ", sort(reviews.approvers)) if {
	state == "green"
	count(reasons.wanting_person) > 0
}
