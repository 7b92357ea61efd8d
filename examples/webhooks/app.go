package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// app stands for the application behind the webhooks.
type app struct {
	mu    sync.Mutex
	out   io.Writer
	fails int // so many orders cannot be fulfilled at first
}

func (a *app) fulfil(_ context.Context, order string, amount int64, currency string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails > 0 {
		a.fails--
		return errors.New("the order database is away")
	}
	fmt.Fprintf(a.out, "    order %s is paid: %d.%02d %s\n", order, amount/100, amount%100, currency)
	return nil
}

func (a *app) printf(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.out, "    "+format+"\n", args...)
}

// Write lets the demonstration share the output.
func (a *app) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out.Write(p)
}

// logWriter puts log lines where they belong in the demonstration.
type logWriter struct{ *app }

func (w logWriter) Write(line []byte) (int, error) {
	w.printf("log: %s", bytes.TrimRight(line, "\n"))
	return len(line), nil
}
