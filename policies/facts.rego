# METADATA
# title: Which facts are there
# description: |
#   A rule over a missing fact is undefined, which would read as "nothing is wrong"; so presence and types are asked for.
#
#   Input: as of maestro.decision.
#   Data: tenants.
package maestro.facts

# METADATA
# title: What the tenant wants a person for
duty := data.tenants[input.tenant].needs_person

known_tenant if is_object(duty)

size_known if is_number(input.changed_files)

has_region if is_string(input.region)

has_plan if is_object(input.plan)

has_report if is_object(input.report)

default findings := []

findings := input.findings if is_array(input.findings)

default reviews := []

reviews := input.reviews if is_array(input.reviews)

# Documents that were written before there were incidents have none.
default incidents := []

incidents := input.incidents if is_array(input.incidents)

default contributors := []

contributors := input.contributors if is_array(input.contributors)

default problems := []

problems := input.problems if is_array(input.problems)

# METADATA
# title: Whether every fact is there, in its type
sound if {
	is_string(input.tenant)
	is_string(input.author)
	is_array(object.get(input, "contributors", []))
	input.author_kind in {"human", "agent"}
	is_boolean(input.expired)
	is_number(input.retries)
	is_array(input.problems)
	is_array(input.reviews)
	is_array(input.findings)
	every review in reviews {
		review.kind in {"approve", "reject"}
		is_string(review.actor)
		is_string(review.reason)
		review.actor_kind in {"human", "agent"}
	}
	is_array(object.get(input, "incidents", []))
	every incident in incidents {
		is_string(incident.actor)
		is_string(incident.reason)
		sound_answer(incident.answer)
	}
	every finding in findings {
		is_number(finding.tier)
		finding.state in {"pass", "fail", "not_evaluated", "not_applicable"}
		is_string(finding.reason)
	}
	sound_plan
	sound_report
}

sound_answer(answer) if is_null(answer)

sound_answer(answer) if {
	is_string(answer.actor)
	is_string(answer.reason)
	answer.actor_kind in {"human", "agent"}
}

sound_plan if not has_plan

sound_plan if {
	is_boolean(input.plan.applicable)
	is_boolean(input.plan.not_judged)
	input.plan.mode in {"direct", "standard", "all"}
}

sound_report if not has_report

sound_report if {
	is_number(input.report.passed)
	is_number(input.report.skipped)
	is_number(input.report.failed_count)
	is_number(input.report.missing_count)
	is_array(input.report.problems)
	is_array(input.report.failures)
	is_array(input.report.flaky)
	is_array(object.get(input.report, "quarantined", []))
}
