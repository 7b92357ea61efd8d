package ongcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/on/internal/kept"
	"github.com/standpipe-go/standpipe/secret"
)

// Secret names a secret of the project.
type Secret struct {
	// Name is its ID, such as "stripe-api-key".
	Name string
	// Version is the number of one version, or an alias. "" is "latest": the version
	// that was added last, also where it is disabled.
	Version string
	// Field is the member that is meant of a secret that is a JSON object; it must be
	// text. "" is the whole secret, byte for byte: also a line break at its end.
	Field string
	// Versions is how many versions are valid at once, the newest first: with 2, what
	// is being replaced is accepted a while longer. Those that are disabled or destroyed
	// are left out, but for the first. 0 is 1; more than 10, or more than one beside a
	// Version, are an error.
	Versions int
}

// check is nil if s can be asked for.
func (s Secret) check() error {
	switch _, err := kept.Versions(s.Versions); {
	case s.Name == "":
		return fmt.Errorf("the secret has no name: %w", secret.ErrNone)
	case !isName(s.Name):
		return errors.New("the secret's name must be letters, digits, hyphens and underscores")
	case s.Version != "" && !isName(s.Version):
		return errors.New("the version must be a number or an alias")
	case s.Version != "" && s.Versions > 1:
		return errors.New("either a version or several can be asked for")
	default:
		return err
	}
}

// Secret returns the source of a secret. That it names none is an error at construction
// of whatever uses it.
func (m *Manager) Secret(s Secret) secret.Source {
	bad := s.check()
	s.Versions = max(s.Versions, 1)
	version := s.Version
	if version == "" {
		version = latest
	}
	return kept.Source(kept.Origin{
		Place:    fmt.Sprintf("ongcp: secret %q of project %q", s.Name, m.project),
		Parts:    []string{m.name, s.Name, version, s.Field},
		Bad:      bad,
		Interval: m.cfg.Interval,
		Grace:    m.cfg.Grace,
		Ask:      func(ctx context.Context) ([]secret.Value, int64, error) { return m.ask(ctx, s, version) },
	})
}

const latest = "latest"

// ask reads the version that is asked for, and those before it that are still there.
func (m *Manager) ask(ctx context.Context, s Secret, version string) ([]secret.Value, int64, error) {
	newest, number, err := m.get(ctx, s, version)
	if err != nil {
		return nil, 0, err
	}
	if version != latest { // an alias may be moved back
		return []secret.Value{newest}, 0, nil
	}
	values, err := kept.Older(newest, number, s.Versions, func(version int64) (secret.Value, error) {
		value, _, err := m.get(ctx, s, strconv.FormatInt(version, 10))
		return value, err
	}, func(err error) bool {
		return errors.Is(err, client.ErrNotFound) || errors.Is(err, ErrDisabled) || errors.Is(err, kept.ErrGone)
	})
	return values, number, err
}

// projects.secrets.versions.access and its regional twin (Secret Manager API v1).
var access = client.Op[accessIn, accessOut]{Name: "secretmanager.access", Route: "/v1/projects/{parent...}/secrets/{secret}/versions/{version}:access"}

type accessIn struct {
	Parent  string `path:"parent"` // the project, and the location behind it
	Secret  string `path:"secret"`
	Version string `path:"version"`
}

type accessOut struct {
	Name    string `json:"name"` // projects/NUMBER/secrets/ID/versions/NUMBER
	Payload struct {
		Data []byte `json:"data"`
		CRC  *int64 `json:"dataCrc32c,string"`
	} `json:"payload"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// get reads one version, and its number.
func (m *Manager) get(ctx context.Context, s Secret, version string) (secret.Value, int64, error) {
	parent := m.project
	if m.cfg.location != "" {
		parent += "/locations/" + m.cfg.location
	}
	out, err := access.Do(ctx, m.api, accessIn{parent, s.Name, version})
	if err != nil {
		return secret.Value{}, 0, err
	}
	if sum := out.Payload.CRC; sum != nil && *sum != int64(crc32.Checksum(out.Payload.Data, castagnoli)) {
		return secret.Value{}, 0, fmt.Errorf("what came is not what was sent: %w", client.ErrChecksum)
	}
	value, err := kept.Value(string(out.Payload.Data), s.Field)
	if err != nil {
		return secret.Value{}, 0, err
	}
	number, err := strconv.ParseInt(path.Base(out.Name), 10, 64)
	if err != nil && version == latest {
		return secret.Value{}, 0, fmt.Errorf("%w: the response does not name the version", client.ErrDecode)
	}
	return value, number, nil
}

// failure is what an error's body says.
type failure struct {
	Status  string `json:"status"` // a name of google.rpc.Code
	Message string `json:"message"`
}

func readFailure(body []byte) failure {
	var said struct {
		Error failure `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return failure{}
	}
	return said.Error
}
