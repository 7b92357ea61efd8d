package main

import (
	"context"
	"fmt"
	"io"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitRefused     = 3
	exitUndecidable = 4
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// statusError ends a command with an exit status. Without an error beneath it
// the command has said everything already.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprint("exit status ", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}

// command is one of the program's verbs.
type command struct {
	name, arguments, summary, help string
	run                            func(ctx context.Context, s streams, c *command, args []string) error
}
