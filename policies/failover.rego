# METADATA
# title: Whether the namespace may move to another cluster
# description: |
#   Clusters that never become active, pairs between which nothing moves, tenants whose orchestration stays where it is,
#   and hours in which nothing is moved without need. An input without cluster, kind, tenants or hour is refused.
#
#   Input: from, to (clusters), kind (planned or forced), tenants (names of those with open work), hour (0 to 23, UTC).
#   Data: failover.
package maestro.failover

# METADATA
# title: The answer
# description: |
#   Whether the namespace may move, and each denial with its rule and a sentence, sorted.
# entrypoint: true
answer := {
	"allowed": allowed,
	"denials": sort(denials),
}

default allowed := false

allowed if count(denials) == 0

# METADATA
# title: Each rule that refuses the move, with the sentence for people
denials contains {"rule": "known-move", "message": message} if {
	not known_move
	message := "the move may not be made by the rule known-move, because clusters, kind, tenants and hour must be given"
}

denials contains {"rule": rule, "message": message} if {
	some rule, ban in data.failover.never_active
	input.to in ban.clusters
	message := sprintf("%s may not become active by the rule %s, because %s", [input.to, rule, ban.why])
}

denials contains {"rule": rule, "message": message} if {
	some rule, pair in data.failover.pairs
	pair.from == input.from
	pair.to == input.to
	input.kind in pair.kinds
	message := sprintf(
		"no %s failover from %s to %s may be made by the rule %s, because %s",
		[input.kind, input.from, input.to, rule, pair.why],
	)
}

denials contains {"rule": rule, "message": message} if {
	some rule, duty in data.failover.tenants
	some tenant in duty.tenants
	tenant in input.tenants
	not input.to in duty.clusters
	message := sprintf(
		"tenant %s has open work and is not conducted in %s by the rule %s, because %s; it waits rather than moves",
		[tenant, input.to, rule, duty.why],
	)
}

denials contains {"rule": rule, "message": message} if {
	some rule, rest in data.failover.hours
	input.kind in rest.kinds
	input.hour in rest.hours
	message := sprintf(
		"no %s failover may be made in the hour from %d:00 UTC by the rule %s, because %s",
		[input.kind, input.hour, rule, rest.why],
	)
}

known_move if {
	is_string(input.from)
	is_string(input.to)
	input.kind in {"planned", "forced"}
	is_array(input.tenants)
	is_number(input.hour)
	is_object(data.failover)
}
