# METADATA
# title: Whether the tests of a pull request get the network
# description: |
#   A suite asks (tests.network in maestro.yaml), the tenant's entry decides; without an entry the answer is no.
#
#   Input: tenant (name), wanted (boolean).
#   Data: tenants.
package maestro.network

# METADATA
# title: The answer
# description: Whether to open the network, with a sentence for the reviewer.
# entrypoint: true
default answer := {"allowed": false, "reason": "the policy has no entry for this tenant, so the tests run offline"}

answer := {"allowed": false, "reason": "the suite does not ask for the network"} if input.wanted == false

answer := {"allowed": true, "reason": reason} if {
	input.wanted == true
	data.tenants[input.tenant].network_for_tests == true
	reason := sprintf("the suite asks for the network and tenant %s allows it", [input.tenant])
}

answer := {"allowed": false, "reason": reason} if {
	input.wanted == true
	data.tenants[input.tenant].network_for_tests == false
	reason := sprintf("the suite asks for the network and tenant %s does not allow it", [input.tenant])
}
