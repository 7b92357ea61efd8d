package client

import "crypto/rand"

// newKey makes an idempotency key: 130 random bits in base 32, which every
// service known to honour keys accepts.
func newKey() string { return rand.Text() }
