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

approvers contains review.actor if {
	some review in standing
	review.kind == "approve"
	review.actor_kind == "human"
	is_another(review.actor)
}

# Four eyes: where the author is not known, nobody can be shown to be somebody else. At a forge the author is a login,
# in the commits an address: whoever wrote one of them is no second person either.
is_another(person) if {
	input.author != ""
	not same_person(person, input.author)
	not has_contributed(person)
}

has_contributed(person) if {
	some contributor in facts.contributors
	same_person(person, contributor)
}

# Git names a person as "name <address>", a forge or a command may give the address alone.
same_person(one, other) if address(one) == address(other)

address(person) := lower(trim(last, "> ")) if {
	parts := split(person, "<")
	last := parts[count(parts) - 1]
}
