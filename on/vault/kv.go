package onvault

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/on/internal/kept"
	"github.com/standpipe-go/standpipe/secret"
)

// KV says where a secret lies in a secrets engine of the kind KV version 2.
type KV struct {
	// Mount is where the engine is mounted; "" is "secret".
	Mount string
	// Path is the secret's path below it, such as "billing/stripe", without "data".
	Path string
	// Field is the member of the secret's data that is meant; "" is "value". It must
	// be text.
	Field string
	// Versions is how many versions are valid at once, the newest first: with 2, what
	// is being replaced is accepted a while longer. Those that were deleted or destroyed
	// are left out. 0 is 1; more than 10 are an error.
	Versions int
}

// Secret returns the source of a secret. That it names none is an error at construction
// of whatever uses it.
func (v *Vault) Secret(kv KV) secret.Source {
	kv.Mount, kv.Path = strings.Trim(cmp.Or(kv.Mount, "secret"), "/"), strings.Trim(kv.Path, "/")
	kv.Field = cmp.Or(kv.Field, "value")
	n, bad := kept.Versions(kv.Versions)
	if kv.Path == "" || kv.Mount == "" {
		bad = fmt.Errorf("the secret has no path: %w", secret.ErrNone)
	}
	kv.Versions = n
	return kept.Source(kept.Origin{
		Place:    fmt.Sprintf("onvault: %q of %q", kv.Path, kv.Mount),
		Parts:    []string{"vault", v.name, kv.Mount, kv.Path, kv.Field},
		Bad:      bad,
		Ask:      func(ctx context.Context) ([]secret.Value, int64, error) { return v.ask(ctx, kv) },
		Interval: v.interval,
		Grace:    v.grace,
	})
}

// ask reads the newest version, and those before it that are still there.
func (v *Vault) ask(ctx context.Context, kv KV) ([]secret.Value, int64, error) {
	newest, version, err := v.get(ctx, kv, 0)
	if err != nil {
		return nil, 0, err
	}
	values, err := kept.Older(newest, version, kv.Versions, func(version int64) (secret.Value, error) {
		value, _, err := v.get(ctx, kv, version)
		return value, err
	}, func(err error) bool { return errors.Is(err, client.ErrNotFound) || errors.Is(err, kept.ErrGone) })
	return values, version, err
}

var readVersion = client.Op[readIn, readOut]{Name: "kv.read", Route: "/v1/{mount...}/data/{path...}"}

type readIn struct {
	Mount   string `path:"mount"`
	Path    string `path:"path"`
	Version int64  `query:"version"`
}

type readOut struct {
	Data struct {
		Data     map[string]json.RawMessage `json:"data"`
		Metadata struct {
			Version int64 `json:"version"`
		} `json:"metadata"`
	} `json:"data"`
}

// get reads the field in one version; 0 is the newest.
func (v *Vault) get(ctx context.Context, kv KV, version int64) (secret.Value, int64, error) {
	out, err := readVersion.Do(ctx, v.api, readIn{kv.Mount, kv.Path, version})
	if err != nil {
		return secret.Value{}, 0, err
	}
	if out.Data.Metadata.Version < 1 {
		return secret.Value{}, 0, fmt.Errorf("%w: the mount is no KV engine of version 2", kept.ErrGone)
	}
	value, err := kept.Member(out.Data.Data, kv.Field)
	return value, out.Data.Metadata.Version, err
}
