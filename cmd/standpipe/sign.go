package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// signOptions are the flags of the commands that sign.
type signOptions struct {
	options
	at        instant
	id, event string
	headers   headerList
}

func (o *signOptions) register(fs *flag.FlagSet) {
	o.options.register(fs)
	fs.Var(&o.at, "time", "sign as if it were this `time`, RFC 3339 or Unix seconds (default: now)")
	fs.StringVar(&o.id, "id", "", "`identifier` of the delivery, where the scheme has a place for one outside the body")
	fs.StringVar(&o.event, "event", "", "`name` of the event, where the scheme has a place for it outside the body: push, orders/create, …")
	fs.Var(&o.headers, "H", "further header, written `\"Name: value\"`; it replaces the scheme's own")
}

// signer makes the signer that the flags describe, and returns the secrets so
// that they can be kept out of what is printed.
func (o *signOptions) signer(ctx context.Context, name string) (*webhooktest.Signer, []string, error) {
	p, err := findProvider(name)
	if err != nil {
		return nil, nil, err
	}
	signer, secrets, err := p.signer(ctx, &o.options)
	if err != nil {
		return nil, nil, err
	}
	signer = signer.At(o.at.Time).WithID(o.id).WithEvent(o.event)
	if o.url != "" {
		signer = signer.WithURL(o.url)
	}
	for _, name := range o.headers.names() {
		signer = signer.WithHeader(name, o.headers.h[name]...)
	}
	return signer, secrets, nil
}

// noteEvent says which event a delivery is of where nobody has said so and the body does
// not: an endpoint answers one that it has no function for with 200, and does nothing.
func (o *signOptions) noteEvent(s streams, d *dump) {
	for _, name := range []string{"X-GitHub-Event", "X-Shopify-Topic"} {
		if event := d.header.Get(name); o.event == "" && event != "" && d.header.Get(name) != o.headers.h.Get(name) {
			fmt.Fprintf(s.err, "standpipe: sent with %s: %s; name another event with -event\n", name, event)
		}
	}
}

// readInput reads the file that args name, or standard input.
func readInput(s streams, args []string) ([]byte, error) {
	if len(args) == 0 || args[0] == "-" {
		return readAll(s.in)
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", args[0], err)
	}
	return data, nil
}

func signCommand() *command {
	return &command{
		name: "sign", arguments: "PROVIDER [FILE]", summary: "sign a file as a provider would, and print the request",
		help: `Signs FILE (or standard input) byte for byte as PROVIDER would and writes the
raw HTTP request. The file is the delivery's body, except for aws-sns (the text that
was published), braintree (the notification's XML), firebase and auth0-logout (a JSON
object of claims, which may be empty).

A provider that sends its secret as it is has it replaced in what is printed; -o writes
the request whole, to a new file that only you can read.`,
		run: runSign,
	}
}

func runSign(ctx context.Context, s streams, c *command, args []string) error {
	fs := newFlags(c, s)
	var o signOptions
	o.register(fs)
	out := fs.String("o", "", "write the request to this new `file`")
	args, err := parse(fs, args, 1, 2)
	if err != nil {
		return err
	}
	signer, secrets, err := o.signer(ctx, args[0])
	if err != nil {
		return err
	}
	body, err := readInput(s, args[1:])
	if err != nil {
		return err
	}
	d, err := signed(ctx, signer, body)
	if err != nil {
		return err
	}
	if *out != "" {
		var b bytes.Buffer
		if err := d.writeTo(&b); err != nil {
			return err
		}
		return writeNew(*out, b.String())
	}
	if d.scrub(secrets) {
		fmt.Fprintln(s.err, "standpipe: this provider sends the secret itself: it is replaced here, and whole in a file with -o")
	}
	return d.writeTo(s.out)
}

// signed signs body and reads the request back as a dump.
func signed(ctx context.Context, signer *webhooktest.Signer, body []byte) (*dump, error) {
	req, err := signer.NewRequest(ctx, body)
	if err != nil {
		return nil, &statusError{exitUsage, err}
	}
	sent, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	return dumpOf(req, sent), nil
}

// scrub replaces the secrets in the header fields and reports whether there were any.
func (d *dump) scrub(secrets []string) bool {
	found := false
	h := make(http.Header, len(d.header))
	for name, values := range d.header {
		for _, v := range values {
			shown := redact.Scrub(v, secrets...)
			found = found || shown != v
			h.Add(name, shown)
		}
	}
	d.header = h
	return found
}
