# METADATA
# title: Which of a forge's checks a tenant requires
# description: |
#   The names of the checks that have to pass on the head. Without an entry every check that is reported is required.
#
#   Input: tenant.
#   Data: tenants.
package maestro.checks

# METADATA
# title: The answer
# description: The names, in a fixed order; none means every check that the forge reports.
# entrypoint: true
default answer := {"required": []}

answer := {"required": sort(data.tenants[input.tenant].required_checks)}
