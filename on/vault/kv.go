package onvault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
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

// maxVersions is how many versions a source holds: each is a request.
const maxVersions = 10

type kvSource struct {
	vault *Vault
	kv    KV

	mu      sync.Mutex
	last    []secret.Value // the last that were read
	version int            // of the newest of them
	read    time.Time
}

func newKVSource(v *Vault, kv KV) *kvSource {
	if kv.Mount == "" {
		kv.Mount = "secret"
	}
	if kv.Field == "" {
		kv.Field = "value"
	}
	if kv.Versions == 0 {
		kv.Versions = 1
	}
	kv.Mount, kv.Path = strings.Trim(kv.Mount, "/"), strings.Trim(kv.Path, "/")
	return &kvSource{vault: v, kv: kv}
}

// Check reports a place that is none.
func (s *kvSource) Check() error {
	switch {
	case s.kv.Path == "" || s.kv.Mount == "":
		return fmt.Errorf("onvault: the secret has no path: %w", secret.ErrNone)
	case s.kv.Versions < 0 || s.kv.Versions > maxVersions:
		return fmt.Errorf("onvault: %s: the number of versions must be 1 to %d", s.place(), maxVersions)
	}
	return nil
}

// Identity is a digest of the place: the secret that lies there may change.
func (s *kvSource) Identity() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"vault", s.vault.name, s.kv.Mount, s.kv.Path, s.kv.Field}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func (s *kvSource) place() string { return fmt.Sprintf("%q of %q", s.kv.Path, s.kv.Mount) }

// lag is for how long a version older than one that was seen is taken for what a
// replica does not know yet. After that it is believed: the secret was made anew.
const lag = time.Minute

// Secrets asks Vault.
func (s *kvSource) Secrets(ctx context.Context) ([]secret.Value, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	values, version, err := s.ask(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch age := time.Since(s.read); {
	case err == nil && (version >= s.version || age >= lag):
		s.last, s.version, s.read = values, version, time.Now()
		return values, nil
	case err == nil: // a replica that lags
		return s.last, nil
	case s.last != nil && age < s.vault.grace && !decided(err) && ctx.Err() == nil:
		return s.last, nil
	case decided(err):
		s.last, s.version = nil, 0 // it does not come back when Vault is away later
	}
	return nil, fmt.Errorf("onvault: %s: %w", s.place(), err)
}

// decided reports whether Vault has said no, and does not merely fail.
func decided(err error) bool {
	for _, no := range []error{errGone, client.ErrNotFound, client.ErrForbidden, client.ErrUnauthorized, client.ErrBadRequest} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// errGone is the kind of everything that Vault has, and that is no secret.
var errGone = errors.New("there is no such secret")

// ask reads the newest version, and those before it that are still there.
func (s *kvSource) ask(ctx context.Context) (values []secret.Value, version int, err error) {
	newest, version, err := s.get(ctx, 0)
	if err != nil {
		return nil, 0, err
	}
	values = []secret.Value{newest}
	for older := version - 1; older > version-s.kv.Versions && older > 0; older-- {
		switch value, _, err := s.get(ctx, older); {
		case err == nil:
			values = append(values, value)
		case !errors.Is(err, errGone) && !errors.Is(err, client.ErrNotFound):
			return nil, 0, err
		}
	}
	return values, version, nil
}

var readVersion = client.Op[readIn, readOut]{Name: "kv.read", Route: "/v1/{mount...}/data/{path...}"}

type readIn struct {
	Mount   string `path:"mount"`
	Path    string `path:"path"`
	Version int    `query:"version"`
}

type readOut struct {
	Data struct {
		Data     map[string]json.RawMessage `json:"data"`
		Metadata struct {
			Version int `json:"version"`
		} `json:"metadata"`
	} `json:"data"`
}

// get reads the field in one version; 0 is the newest.
func (s *kvSource) get(ctx context.Context, version int) (secret.Value, int, error) {
	out, err := readVersion.Do(ctx, s.vault.api, readIn{s.kv.Mount, s.kv.Path, version})
	if err != nil {
		return secret.Value{}, 0, err
	}
	if out.Data.Metadata.Version < 1 {
		return secret.Value{}, 0, fmt.Errorf("%w: the mount is no KV engine of version 2", errGone)
	}
	raw, ok := out.Data.Data[s.kv.Field]
	if !ok {
		return secret.Value{}, 0, fmt.Errorf("%w: it has no field %q", errGone, s.kv.Field)
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil { // whose error may hold the value
		return secret.Value{}, 0, fmt.Errorf("%w: its field %q is no text", errGone, s.kv.Field)
	}
	value := secret.New(*text)
	if value.IsBlank() {
		return secret.Value{}, 0, fmt.Errorf("%w: its field %q: %w", errGone, s.kv.Field, secret.ErrBlank)
	}
	return value, out.Data.Metadata.Version, nil
}
