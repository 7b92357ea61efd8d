package compare

// Calls are the behaviours of what makes calls out.
func Calls() Table[Caller] {
	return Table[Caller]{"Calls out", []Behaviour[Caller]{
		recovers, postAfterReset, bodyReplayed,
		pastDeadline, overflow, cancelled,
		outage, goodput, connections,
		redirected, secretInError, errorBody,
		truncated, dripping, bomb,
	}}
}
