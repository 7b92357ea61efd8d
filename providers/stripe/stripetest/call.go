package stripetest

// call is a request as a handler sees it: with its parameters, and the ID in its path.
type call struct {
	params map[string]any
	id     string
	path   string
	fault  Fault
}

type handler func(*account, *call) (object, *failure)
