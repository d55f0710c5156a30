# METADATA
# title: Whose word counts
# description: |
#   The last word of each reviewer stands. An approval counts when a person other than the author gave it.
#
#   Input: as of maestro.decision.
package maestro.reviews

import data.maestro.facts

# METADATA
# title: The last word of each reviewer
standing contains review if {
	some at, review in facts.reviews
	not at in superseded
}

superseded contains at if {
	some at, review in facts.reviews
	some later, other in facts.reviews
	later > at
	same_person(other.actor, review.actor)
}

rejecters contains review.actor if {
	some review in standing
	review.kind == "reject"
}

# Four eyes: where the author is not known, nobody can be shown to be somebody else.
approvers contains review.actor if {
	some review in standing
	review.kind == "approve"
	review.actor_kind == "human"
	input.author != ""
	not same_person(review.actor, input.author)
}

# Git names a person as "name <address>", a forge or a command may give the address alone.
same_person(one, other) if address(one) == address(other)

address(person) := lower(trim(last, "> ")) if {
	parts := split(person, "<")
	last := parts[count(parts) - 1]
}
