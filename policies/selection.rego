# METADATA
# title: Which risk a tenant takes when tests are left out
# description: |
#   The bounds of τ, whether a selection may leave tests out at all, and what of this pull request policy calls an agent's
#   or critical. Python reckons τ from it. Without an entry for the tenant everything runs, under the strictest bound.
#
#   Input: tenant, author (name and address), author_kind (human or agent), labels, files (changed paths).
#   Data: tenants.
package maestro.selection

# METADATA
# title: The answer
# description: |
#   Mode and bounds, the reason for them, why the author counts as an agent (empty: a human), what is critical and which
#   labels ask for a replay, all as sentences in a fixed order.
# entrypoint: true
default answer := {
	"mode": "shadow",
	"base_tau": 0.01,
	"floor": 0.01,
	"ceiling": 0.01,
	"reason": "the policy has no entry for this tenant",
	"agent": "",
	"critical": [],
	"replay": [],
}

answer := {
	"mode": duty.mode,
	"base_tau": duty.base_tau,
	"floor": duty.floor,
	"ceiling": duty.ceiling,
	"reason": sprintf("tenant %s has decided so", [input.tenant]),
	"agent": agent,
	"critical": sort(critical),
	"replay": sort(replay),
}

duty := data.tenants[input.tenant].selection

default agent := ""

agent := "it was opened as an agent's" if input.author_kind == "agent"

agent := sprintf("the author's name contains %s", [sort(markers)[0]]) if {
	input.author_kind != "agent"
	count(markers) > 0
}

markers contains marker if {
	some marker in duty.agents
	contains(lower(input.author), lower(marker))
}

critical contains sprintf("it changes %s", [path]) if {
	some path in duty.critical_paths
	some file in input.files
	covers(path, file)
}

critical contains sprintf("it is labelled %s", [label]) if {
	some label in duty.critical_labels
	label in input.labels
}

replay contains sprintf("it is labelled %s", [label]) if {
	some label in duty.replay_labels
	label in input.labels
}

covers(path, file) if file == path

covers(path, file) if {
	endswith(path, "/")
	startswith(file, path)
}
