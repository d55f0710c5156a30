# METADATA
# title: Tests of the network rule
package maestro.network_test

import data.maestro.network

tenants := {"open": {"network_for_tests": true}, "closed": {"network_for_tests": false}}

allowed(tenant, wanted) := answer.allowed if {
	answer := network.answer with input as {"tenant": tenant, "wanted": wanted} with data.tenants as tenants
}

test_a_suite_that_asks_gets_it_where_the_tenant_allows_it if allowed("open", true) == true

test_a_suite_that_does_not_ask_stays_offline if allowed("open", false) == false

test_a_tenant_that_does_not_allow_it_stays_offline if allowed("closed", true) == false

test_an_unknown_tenant_stays_offline if allowed("nobody", true) == false

test_only_exactly_true_asks if allowed("open", 1) == false
