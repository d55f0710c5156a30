package maestro.checks_test

import data.maestro.checks

test_the_checks_that_a_tenant_requires_are_named_in_order if {
	checks.answer.required == ["build", "lint"] with input as {"tenant": "acme"}
		with data.tenants as {"acme": {"required_checks": ["lint", "build"]}}
}

test_a_tenant_that_names_none_requires_whatever_is_reported if {
	checks.answer.required == [] with input as {"tenant": "acme"} with data.tenants as {"acme": {}}
}
