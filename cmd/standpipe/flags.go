package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// list collects a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

func (l *list) Set(v string) error {
	*l = append(*l, v)
	return nil
}

// newFlags returns an empty set of flags for c, whose help goes to standard output.
func newFlags(c *command, s streams) *flag.FlagSet {
	fs := flag.NewFlagSet("standpipe webhook "+c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the caller prints the error
	fs.Usage = func() {
		fmt.Fprintf(s.out, "usage: standpipe webhook %s %s\n\n%s\n\nFlags:\n", c.name, c.arguments, c.help)
		fs.SetOutput(s.out)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard)
	}
	return fs
}

// parse reads flags and arguments in any order, which package flag by itself
// does not: "send stripe URL -secret-env X" is how people type. It wants
// between least and most arguments.
func parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, &statusError{exitUsage, err}
		}
		args = fs.Args()
		if len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	if len(rest) < least || len(rest) > most {
		return nil, usageError("%s: %d arguments where %s are wanted", fs.Name(), len(rest), atLeast(least, most))
	}
	return rest, nil
}

func atLeast(least, most int) string {
	switch {
	case least == most:
		return strconv.Itoa(least)
	case most > 100:
		return strconv.Itoa(least) + " or more"
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// options are the flags that describe a provider's endpoint.
type options struct {
	secretEnv, secretFile list
	publicKey             string
	tokenHeader           string
	audience, issuer      string
	email, project, topic string
	url                   string
	rawSecret             bool
	keysFile              string
}

func (o *options) register(fs *flag.FlagSet) {
	fs.Var(&o.secretEnv, "secret-env", "`name` of an environment variable that holds the secret or key; repeat it for a rotation, newest first")
	fs.Var(&o.secretFile, "secret-file", "`path` of a file that holds the secret or key; repeat it for a rotation, newest first")
	fs.StringVar(&o.publicKey, "public-key", "", "Braintree's public `key`, which is not a secret")
	fs.StringVar(&o.tokenHeader, "token-header", "", "`name` of the header that carries the token (datadog, postmark)")
	fs.StringVar(&o.audience, "audience", "", "audience of the token: the push endpoint's (google-pubsub), the client ID (auth0-logout), the function's URL (firebase)")
	fs.StringVar(&o.issuer, "issuer", "", "`URL` of the token's issuer, such as https://tenant.auth0.com/ (auth0-logout)")
	fs.StringVar(&o.email, "email", "", "service account's `address` (google-pubsub)")
	fs.StringVar(&o.project, "project", "", "project `ID` (firebase)")
	fs.StringVar(&o.topic, "topic", "", "`ARN` of the topic (aws-sns)")
	fs.StringVar(&o.url, "url", "", "`URL` of the endpoint as the provider has it, where that differs from the address used here (twilio)")
	fs.BoolVar(&o.rawSecret, "raw-secret", false, "the secret is the key's own bytes, not base64 (standard-webhooks, openai)")
	fs.StringVar(&o.keysFile, "keys-file", "", "verify with the key set or certificate in this `file` instead of fetching it (token hooks, aws-sns)")
}

// source returns the secrets that the flags name.
func (o *options) source() (secret.Source, error) {
	var sources []secret.Source
	for _, name := range o.secretEnv {
		sources = append(sources, secret.Env(name))
	}
	for _, path := range o.secretFile {
		sources = append(sources, secret.File(path))
	}
	if len(sources) == 0 {
		return nil, usageError("no secret: name it with -secret-env or -secret-file")
	}
	src := secret.Join(sources...)
	if err := secret.Check(src); err != nil {
		return nil, err
	}
	return src, nil
}

// required checks that flags which the provider needs were given.
func (o *options) required(flags ...string) error {
	values := map[string]string{
		"public-key": o.publicKey, "token-header": o.tokenHeader, "audience": o.audience, "issuer": o.issuer,
		"email": o.email, "project": o.project, "topic": o.topic, "url": o.url,
	}
	for _, name := range flags {
		if strings.TrimSpace(values[name]) == "" {
			return usageError("this provider needs -%s", name)
		}
	}
	return nil
}

// headerList is a repeated "Name: value" flag.
type headerList struct{ h http.Header }

func (l *headerList) String() string { return "" }

func (l *headerList) Set(v string) error {
	name, value, ok := strings.Cut(v, ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return errors.New(`a header is written "Name: value"`)
	}
	if l.h == nil {
		l.h = http.Header{}
	}
	l.h.Add(name, strings.TrimSpace(value))
	return nil
}

// names returns the headers in a fixed order.
func (l *headerList) names() []string { return sortedNames(l.h) }

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// instant is a flag for a point in time: RFC 3339 or Unix seconds.
type instant struct{ time.Time }

func (i *instant) String() string { return "" }

func (i *instant) Set(v string) error {
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		i.Time = time.Unix(n, 0)
		return nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return errors.New("a time is written as in RFC 3339 or in Unix seconds")
	}
	i.Time = t
	return nil
}
