# METADATA
# title: Which incidents hold a pull request back
# description: |
#   A reviewer reported that something is wrong. The incident is open until somebody other than the author approves after
#   it, with a reason. What was approved before it, was approved without knowing of it.
#
#   Input: as of maestro.decision.
package maestro.incidents

import data.maestro.facts
import data.maestro.reviews

open contains incident if {
	some incident in facts.incidents
	not is_answered(incident)
}

answered contains incident if {
	some incident in facts.incidents
	is_answered(incident)
}

is_answered(incident) if {
	incident.answer.actor_kind == "human"
	trim_space(incident.answer.reason) != ""
	reviews.is_another(incident.answer.actor)
}

answerers contains incident.answer.actor if some incident in answered
