package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

func replayCommand() *command {
	return &command{
		name: "replay", arguments: "-to URL FILE|DIRECTORY…", summary: "send stored deliveries again",
		help: `Sends deliveries that "listen -store" wrote, one after the other, byte for byte. A
directory stands for all deliveries in it, oldest first; -last N keeps the newest N.

What was signed some time ago is too old for most verifiers: -sign PROVIDER signs each
delivery again, with the time of now and with the secret that -secret-env or -secret-file
name; identifiers and all other header fields stay. The exit status is 3 if any response
was not 2xx.`,
		run: runReplay,
	}
}

func runReplay(ctx context.Context, s streams, c *command, args []string) error {
	fs := newFlags(c, s)
	var o signOptions
	o.register(fs)
	to := fs.String("to", "", "`URL` to send to")
	last := fs.Int("last", 0, "send only the newest `N` (default: all)")
	sign := fs.String("sign", "", "sign each delivery again as this `provider` would")
	timeout := fs.Duration("timeout", 30*time.Second, "how long to wait for each response: a `duration` such as 10s")
	args, err := parse(fs, args, 1, 1<<20)
	if err != nil {
		return err
	}
	target, err := parseTarget(*to)
	if err != nil {
		return err
	}
	files, err := storedFiles(args)
	if err != nil {
		return err
	}
	if *last > 0 && *last < len(files) {
		files = files[len(files)-*last:]
	}
	var result error
	for _, file := range files {
		d, secrets, err := readStored(ctx, file, *sign, target, &o)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, note := range d.notes {
			fmt.Fprintf(s.out, "%s: note: %s\n", file, note)
		}
		fmt.Fprintf(s.out, "%s: ", file)
		one, cancel := context.WithTimeout(ctx, *timeout)
		a, err := deliver(one, targetFor(target, d), d, maxAnswer)
		cancel()
		if err != nil {
			fmt.Fprintln(s.out, "not sent")
			return err
		}
		a.print(s, secrets)
		if err := a.verdict(); err != nil {
			result = err
		}
	}
	return result
}

// targetFor adds the stored query, which belongs to the delivery: it holds a
// challenge's token, or Twilio's hash of the body. What target has already is not added.
func targetFor(target *url.URL, d *dump) *url.URL {
	u := *target
	if u.RawQuery == "" || d.url.RawQuery == "" {
		u.RawQuery += d.url.RawQuery
		return &u
	}
	own := strings.Split(target.RawQuery, "&")
	for part := range strings.SplitSeq(d.url.RawQuery, "&") {
		if !slices.Contains(own, part) {
			u.RawQuery += "&" + part
		}
	}
	return &u
}

// readStored reads a delivery and, if a provider is named, signs it again.
func readStored(ctx context.Context, file, sign string, target *url.URL, o *signOptions) (*dump, []string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	stored, err := readDump(data)
	if err != nil || sign == "" {
		return stored, nil, err
	}
	p, err := findProvider(sign)
	if err != nil {
		return nil, nil, err
	}
	if p.wraps {
		return nil, nil, usageError("a delivery of %s holds its signature inside and cannot be signed again; use send", p.name)
	}
	signer, secrets, err := o.signer(ctx, sign)
	if err != nil {
		return nil, nil, err
	}
	if o.url == "" {
		signer = signer.WithURL(targetFor(target, stored).String())
	}
	for _, name := range []string{"Svix-Id", "Webhook-Id"} { // signed, and to be kept
		if id := stored.header.Get(name); id != "" && o.id == "" {
			signer = signer.WithID(id)
		}
	}
	if t := stored.header.Get("Content-Type"); t != "" { // decides what Twilio signs
		signer = signer.WithHeader("Content-Type", t)
	}
	again, err := signed(ctx, signer, stored.body)
	if err != nil {
		return nil, nil, err
	}
	for name, values := range stored.header {
		if !slices.Contains(p.fresh, name) && o.headers.h[name] == nil {
			again.header[name] = values
		}
	}
	again.method, again.notes = stored.method, stored.notes
	return again, secrets, nil
}
