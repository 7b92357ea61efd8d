package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

func verifyCommand() *command {
	return &command{
		name: "verify", arguments: "PROVIDER [DUMP]", summary: "verify a captured request, and say what is wrong with it",
		help: `Verifies a raw HTTP request: request line, header fields, blank line, body. DUMP is a
file, such as "listen -store" writes; standard input by default. Instead of a dump the
parts can be given: -H for each header field and -body for the file with the body.

When the signature does not match, it looks for what usually happens to a body on its
way: line ends changed, JSON written anew, a line break lost or added. The exit status is
0 for a genuine delivery, 3 for a refused one and 4 if that cannot be decided, because a
key set or certificate cannot be had.`,
		run: runVerify,
	}
}

// captureOptions are the flags that describe a request in parts.
type captureOptions struct {
	headers  headerList
	bodyFile string
	method   string
	at       instant
}

func (o *captureOptions) register(fs *flag.FlagSet) {
	fs.Var(&o.headers, "H", "header field of the request, written `\"Name: value\"`")
	fs.StringVar(&o.bodyFile, "body", "", "`file` with the request's body; with -H, instead of a dump")
	fs.StringVar(&o.method, "method", http.MethodPost, "request's `method`; with -body")
	fs.Var(&o.at, "at", "`time` at which the request arrived, RFC 3339 or Unix seconds (default: now)")
}

// read returns the request that the flags or args describe.
func (o *captureOptions) read(s streams, args []string) (*dump, error) {
	if o.bodyFile == "" {
		if o.headers.h != nil {
			return nil, usageError("-H describes a request together with -body")
		}
		data, err := readInput(s, args)
		if err != nil {
			return nil, err
		}
		return readDump(data)
	}
	if len(args) > 0 {
		return nil, usageError("a dump and -body exclude each other")
	}
	f, err := os.Open(o.bodyFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := readAll(f)
	if err != nil {
		return nil, err
	}
	return &dump{method: strings.ToUpper(o.method), url: &url.URL{Path: "/"}, header: o.headers.h, body: body}, nil
}

func runVerify(ctx context.Context, s streams, c *command, args []string) error {
	fs := newFlags(c, s)
	var o options
	var capture captureOptions
	o.register(fs)
	capture.register(fs)
	args, err := parse(fs, args, 1, 2)
	if err != nil {
		return err
	}
	p, err := findProvider(args[0])
	if err != nil {
		return err
	}
	scheme, err := p.scheme(&o)
	if err != nil {
		return configuration(err)
	}
	d, err := capture.read(s, args[1:])
	if err != nil {
		return err
	}
	for _, note := range d.notes {
		fmt.Fprintln(s.out, "note:", note)
	}
	return verifyDump(ctx, s, scheme, d, capture.at.Time)
}

// configuration marks a constructor's error as a mistake in the command.
func configuration(err error) error {
	if errors.Is(err, webhook.ErrConfig) {
		return &statusError{exitUsage, err}
	}
	return err
}

// request is what a verifier gets to see of the dump.
func (d *dump) request(at time.Time) *webhook.Request {
	return &webhook.Request{Method: d.method, URL: d.url, Header: d.header, Body: d.body, ReceivedAt: at}
}

// verifyDump prints the verdict; its error is the exit status.
func verifyDump(ctx context.Context, s streams, scheme *webhook.Scheme, d *dump, at time.Time) error {
	if at.IsZero() {
		at = time.Now()
	}
	req := d.request(at)
	if a, ok, err := scheme.Challenge(ctx, req); ok && err == nil {
		fmt.Fprintf(s.out, "challenge: %s, which the endpoint answers with %d\n", scheme.Provider(), a.Status)
		return nil
	}
	rec, err := scheme.Verify(ctx, req)
	if err != nil {
		return explain(ctx, s, scheme, d, at, err)
	}
	printReceipt(s, rec, at)
	raws, err := scheme.Split(req, rec)
	if err != nil {
		fmt.Fprintln(s.out, "but:", err)
		return &statusError{status: exitRefused}
	}
	for _, raw := range raws {
		fmt.Fprintln(s.out, "event:", describe(raw))
	}
	return nil
}

func printReceipt(s streams, rec webhook.Receipt, at time.Time) {
	fmt.Fprintf(s.out, "genuine: %s, scheme %s", rec.Provider, rec.Scheme)
	if rec.KeyID != "" {
		fmt.Fprint(s.out, ", ", rec.KeyID)
	}
	if !rec.SignedAt.IsZero() {
		fmt.Fprintf(s.out, ", signed at %s (%s before it arrived)", rec.SignedAt.UTC().Format(time.RFC3339), at.Sub(rec.SignedAt).Round(time.Second))
	}
	fmt.Fprintln(s.out)
	if len(rec.Untrusted) > 0 {
		fmt.Fprintln(s.out, "not signed, so not to be trusted:", strings.Join(rec.Untrusted, ", "))
	}
}

func describe(raw webhook.Raw) string {
	part := func(name, value string, signed bool) string {
		switch {
		case value == "":
			return "no " + name
		case signed:
			return fmt.Sprintf("%s %q", name, value)
		}
		return fmt.Sprintf("%s %q (not signed)", name, value)
	}
	return fmt.Sprintf("%s, %s, %d bytes", part("type", raw.Type, raw.TypeSigned), part("id", raw.ID, raw.IDSigned), len(raw.Payload))
}

// explain prints why a delivery was refused and what may be behind it.
func explain(ctx context.Context, s streams, scheme *webhook.Scheme, d *dump, at time.Time, err error) error {
	e, _ := errors.AsType[*webhook.Error](err)
	status := exitRefused
	if webhook.Undecidable(err) {
		status = exitUndecidable
		fmt.Fprintln(s.out, "undecided:", err)
	} else {
		fmt.Fprintln(s.out, "refused:", withoutHint(err, e))
	}
	if e == nil {
		return &statusError{status: status}
	}
	if e.Hint != "" {
		fmt.Fprintln(s.out, "hint:", e.Hint)
	}
	if e.Skew != 0 {
		fmt.Fprintf(s.out, "hint: the signature is right, only the time is not; if this was captured earlier, add -at %d\n", at.Add(-e.Skew).Unix())
	}
	if errors.Is(err, webhook.ErrMismatch) {
		for _, finding := range diagnose(ctx, scheme, d, at) {
			fmt.Fprintln(s.out, "found:", finding)
		}
	}
	return &statusError{status: status}
}

// withoutHint is the error's text without the hint, which has a line of its own.
func withoutHint(err error, e *webhook.Error) error {
	if e == nil || e.Hint == "" {
		return err
	}
	c := *e
	c.Hint = ""
	return &c
}
