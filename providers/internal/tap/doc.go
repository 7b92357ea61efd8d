// Package tap takes what a program logs, panics with and fails to call, and hands it to
// an adapter that reports it. What is named like a credential, what a URL has beside its
// path, and what was panicked with stay behind: the text of a log is the program's own.
//
// A reporter's own calls are marked with [Own], and never handed on: a service that
// cannot be reached is not told of that.
package tap

import "context"

type ownCall struct{}

// Own returns a context for a reporter's own calls, whatever logs or observes them.
func Own(ctx context.Context) context.Context { return context.WithValue(ctx, ownCall{}, true) }

// IsOwn reports whether ctx is that of a reporter's own call.
func IsOwn(ctx context.Context) bool { return ctx.Value(ownCall{}) != nil }
