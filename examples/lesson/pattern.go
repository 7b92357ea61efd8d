package main

import "context"

// pattern is one of the six. Usually is where the version fails that most programs have.
type pattern struct {
	title   string
	play    func(context.Context, printf) error
	usually string
}

// printf prints a line.
type printf func(format string, args ...any)
