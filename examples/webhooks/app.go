package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// app stands for the application behind the webhooks.
type app struct {
	mu     sync.Mutex
	out    io.Writer
	prefix string // of each line
	fails  int    // so many orders cannot be fulfilled at first
}

func (a *app) fulfil(_ context.Context, order string, amount int64, currency string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails > 0 {
		a.fails--
		return errors.New("the order database is away")
	}
	fmt.Fprintf(a.out, a.prefix+"    order %s is paid: %d.%02d %s\n", order, amount/100, amount%100, currency)
	return nil
}

func (a *app) printf(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.out, a.prefix+"    "+format+"\n", args...)
}

// headline prints what the lines after it are about.
func (a *app) headline(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.out, a.prefix+format+"\n", args...)
}

// log is what the endpoints log to.
func (a *app) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{a}, &slog.HandlerOptions{ReplaceAttr: terse}))
}

// logWriter puts log lines where they belong in the demonstration.
type logWriter struct{ *app }

func (w logWriter) Write(line []byte) (int, error) {
	w.printf("log: %s", bytes.TrimRight(line, "\n"))
	return len(line), nil
}

// terse leaves out of a log line what changes from run to run.
func terse(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.TimeKey || attr.Key == "endpoint" || attr.Key == "skew_seconds" {
		return slog.Attr{}
	}
	return attr
}
