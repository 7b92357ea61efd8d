// Command standpipe helps with webhooks on a developer's own machine, offline
// and for every provider that package webhook knows:
//
//	standpipe webhook send   stripe http://localhost:8080/hooks/stripe event.json -secret-env STRIPE_WEBHOOK_SECRET
//	standpipe webhook verify stripe captured.http -secret-env STRIPE_WEBHOOK_SECRET
//	standpipe webhook listen -forward http://localhost:8080/hooks/stripe -store ./deliveries
//	standpipe webhook replay -to http://localhost:8080/hooks/stripe ./deliveries
//
// Secrets are read from environment variables and files, never from the command
// line, and are not printed. "standpipe webhook help" lists the commands,
// "standpipe webhook providers" what each provider needs.
//
// The exit status is 0 when all is well, 1 when something failed (a file, the
// network), 2 when the command was not understood, 3 when a delivery was
// refused, by the verification or by the server it was sent to, and 4 when it
// could be neither verified nor refused.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func commands() []*command {
	return []*command{signCommand(), sendCommand(), verifyCommand(), listenCommand(), replayCommand(), keysCommand(), providersCommand()}
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := streams{stdin, stdout, stderr}
	err := dispatch(ctx, s, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	status := exitFailure
	if e, ok := errors.AsType[*statusError](err); ok {
		status = e.status
		if e.err == nil {
			return status
		}
	}
	fmt.Fprintln(stderr, "standpipe:", err)
	if status == exitUsage {
		fmt.Fprintln(stderr, `Run "standpipe webhook help" for the commands, or a command with -h for its flags.`)
	}
	return status
}

func dispatch(ctx context.Context, s streams, args []string) error {
	if len(args) == 0 || isHelp(args[0]) {
		return printUsage(s.out)
	}
	if args[0] == "version" && len(args) == 1 {
		return printVersion(s.out)
	}
	if args[0] != "webhook" {
		for _, c := range commands() {
			if c.name == args[0] {
				return usageError("unknown command %q: it is \"standpipe webhook %s\"", args[0], c.name)
			}
		}
		return usageError("unknown command %q", args[0])
	}
	args = args[1:]
	if len(args) == 0 || isHelp(args[0]) {
		return printUsage(s.out)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, s, c, args[1:])
		}
	}
	return usageError("unknown command %q", "webhook "+args[0])
}

func isHelp(arg string) bool {
	return arg == "help" || strings.TrimLeft(arg, "-") == "help" || arg == "-h"
}

func printUsage(w io.Writer) error {
	var b strings.Builder
	b.WriteString("standpipe webhook signs, sends, verifies and forwards webhooks as their providers do, offline.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  standpipe webhook %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("  standpipe version            print the version and what it was built with\n")
	b.WriteString("\nSecrets come from -secret-env or -secret-file, never from the command line. Each command explains itself with -h.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
