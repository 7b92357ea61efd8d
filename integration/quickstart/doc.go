// Package quickstart runs examples/quickstart against stripe-mock.
package quickstart
