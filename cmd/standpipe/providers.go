package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// provider is what the program knows about one scheme.
type provider struct {
	name   string
	secret string   // what -secret-env and -secret-file hold, for people
	needs  []string // flags without which neither signing nor verifying works

	sign   func(secrets []string, o *options) (*webhooktest.Signer, error)
	verify func(src secret.Source, o *options, opts ...webhook.Option) (*webhook.Scheme, error)

	// fresh are the headers that are made anew when a stored delivery is signed
	// again. wraps: the body that is sent is made of the body that is given, so
	// that a delivery cannot be signed again.
	fresh []string
	wraps bool
	// keyless: the verifier needs no secret of its own.
	keyless bool
	keys    func() keyFiles
}

// provider looks a provider up by name.
func findProvider(name string) (*provider, error) {
	for _, p := range providers() {
		if p.name == name {
			return p, nil
		}
	}
	return nil, usageError("unknown provider %q; see \"standpipe webhook providers\"", name)
}

// signer makes the provider's signer from what the flags say.
func (p *provider) signer(ctx context.Context, o *options) (*webhooktest.Signer, []string, error) {
	if err := o.required(p.needs...); err != nil {
		return nil, nil, err
	}
	src, err := o.source()
	if err != nil {
		return nil, nil, err
	}
	values, err := src.Secrets(ctx)
	if err != nil {
		return nil, nil, err
	}
	secrets := make([]string, len(values))
	for i, v := range values {
		secrets[i] = v.Reveal()
	}
	signer, err := p.sign(secrets, o)
	if err != nil {
		return nil, nil, err
	}
	return signer, secrets, nil
}

// scheme makes the provider's verifier from what the flags say.
func (p *provider) scheme(o *options, opts ...webhook.Option) (*webhook.Scheme, error) {
	if err := o.required(p.needs...); err != nil {
		return nil, err
	}
	var src secret.Source
	if !p.keyless {
		var err error
		if src, err = o.source(); err != nil {
			return nil, err
		}
	}
	if o.keysFile != "" {
		client, err := fileClient(o.keysFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, webhook.WithHTTPClient(client))
	}
	if o.rawSecret {
		opts = append(opts, webhook.WithRawSecret())
	}
	return p.verify(src, o, opts...)
}

// several adapts the signers that take the newest secret and older ones.
func several(f func(string, ...string) *webhooktest.Signer) func([]string, *options) (*webhooktest.Signer, error) {
	return func(secrets []string, _ *options) (*webhooktest.Signer, error) {
		return f(secrets[0], secrets[1:]...), nil
	}
}

// single adapts the signers of schemes with room for one signature.
func single(f func(string) *webhooktest.Signer) func([]string, *options) (*webhooktest.Signer, error) {
	return func(secrets []string, _ *options) (*webhooktest.Signer, error) {
		if len(secrets) > 1 {
			return nil, usageError("this provider signs with one secret; %d were given", len(secrets))
		}
		return f(secrets[0]), nil
	}
}

// plain adapts the constructors that take secrets and nothing else.
func plain(f func(secret.Source, ...webhook.Option) (*webhook.Scheme, error)) func(secret.Source, *options, ...webhook.Option) (*webhook.Scheme, error) {
	return func(src secret.Source, _ *options, opts ...webhook.Option) (*webhook.Scheme, error) {
		return f(src, opts...)
	}
}

func providersCommand() *command {
	return &command{
		name: "providers", arguments: "", summary: "list the providers and what each needs",
		help: "Lists the providers, what their secret is, and which other flags they need.",
		run: func(_ context.Context, s streams, c *command, args []string) error {
			if _, err := parse(newFlags(c, s), args, 0, 0); err != nil {
				return err
			}
			for _, p := range slices.SortedFunc(slices.Values(providers()), func(a, b *provider) int { return strings.Compare(a.name, b.name) }) {
				line := fmt.Sprintf("%-26s %s", p.name, p.secret)
				if len(p.needs) > 0 {
					line += "; needs -" + strings.Join(p.needs, ", -")
				}
				fmt.Fprintln(s.out, line)
			}
			return nil
		},
	}
}
