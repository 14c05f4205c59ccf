# policies/crm.json in Rego, rule by rule.
package crm

import rego.v1

default allow := false

leads := {"manager", "admin"}

staff := {"agent", "manager", "admin"}

# view-customer
allow if {
	input.tool == "view_customer"
	input.role in staff
}

# update-customer
allow if {
	input.tool == "update_customer"
	input.role in staff
}

# refund-agent
allow if {
	input.tool == "process_refund"
	input.role == "agent"
	input.args.amount > 0
	input.args.amount <= 500
}

# refund-lead
allow if {
	input.tool == "process_refund"
	input.role in leads
	input.args.amount > 0
	input.args.amount <= 2000
}

# delete-own
allow if {
	input.tool == "delete_customer"
	input.role == "manager"
	input.agentAttributes.user_id == input.resourceAttributes.owner_id
	input.agentAttributes.user_id != ""
}

# delete-any
allow if {
	input.tool == "delete_customer"
	input.role == "admin"
}

# pii-with-mfa
allow if {
	input.tool == "access_pii"
	input.role in leads
	input.agentAttributes.mfa_verified == true
}

# export-in-production
allow if {
	input.tool == "export_data"
	input.role in leads
	input.agentAttributes.env == "production"
}

# bulk-in-production-with-mfa
allow if {
	input.tool == "bulk_update"
	input.role == "admin"
	input.agentAttributes.env == "production"
	input.agentAttributes.mfa_verified == true
}

# read-reports
allow if {
	input.tool == "read_file"
	input.role == "agent"
	startswith(input.args.path, "/data/reports/")
}

# fetch-api
allow if {
	input.tool == "fetch_url"
	input.role == "agent"
	startswith(input.args.url, "https://api.example.com/")
}
