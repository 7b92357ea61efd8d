package onaws

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/on/internal/kept"
	"github.com/standpipe-go/standpipe/secret"
)

// SecretsManager reads the secrets of AWS Secrets Manager. Make one with
// [NewSecretsManager]; it is immutable and safe for concurrent use.
type SecretsManager struct{ service *service }

// NewSecretsManager returns the Secrets Manager of cfg's region, called with cfg's
// credentials; config.LoadDefaultConfig makes one. Nothing else of cfg is used but its
// BaseEndpoint. It sends nothing.
func NewSecretsManager(cfg aws.Config, opts ...Option) (*SecretsManager, error) {
	s, err := newService(cfg, "secretsmanager", opts)
	if err != nil {
		return nil, err
	}
	return &SecretsManager{s}, nil
}

// Secret names a secret of Secrets Manager.
type Secret struct {
	// ID is its name or its ARN. One of another account must be the ARN.
	ID string
	// Field is the member that is meant of a secret that is a JSON object; it must be
	// text. "" is the whole secret, as it is: also its bytes, where it is binary.
	Field string
	// Stages are the staging labels whose versions are valid at once, the newest first:
	// with "AWSCURRENT" and "AWSPREVIOUS", what was replaced is accepted a while longer.
	// A label after the first that no version has is left out. Nil is AWSCURRENT; more
	// than 10 are an error.
	Stages []string
	// VersionID is that of one version, in place of Stages.
	VersionID string
}

// check is nil if s can be asked for.
func (s Secret) check() error {
	switch {
	case strings.TrimSpace(s.ID) == "":
		return fmt.Errorf("the secret has no ID: %w", secret.ErrNone)
	case s.VersionID != "" && s.Stages != nil:
		return errors.New("either stages or the ID of a version can be asked for")
	case len(s.Stages) > kept.MaxVersions:
		return fmt.Errorf("there are more than %d stages", kept.MaxVersions)
	}
	for _, stage := range s.Stages {
		if stage == "" {
			return errors.New("a stage is empty")
		}
	}
	return nil
}

// Secret returns the source of a secret. That it names none is an error at construction
// of whatever uses it.
func (m *SecretsManager) Secret(s Secret) secret.Source {
	s.Stages = append([]string(nil), s.Stages...)
	bad := s.check()
	if len(s.Stages) == 0 && s.VersionID == "" {
		s.Stages = []string{"AWSCURRENT"}
	}
	return kept.Source(kept.Origin{
		Place:    fmt.Sprintf("onaws: secret %q", s.ID),
		Parts:    []string{m.service.name, s.ID, s.Field, s.VersionID, strings.Join(s.Stages[:min(len(s.Stages), 1)], "")},
		Bad:      bad,
		Interval: m.service.cfg.Interval,
		Grace:    m.service.cfg.Grace,
		Ask: func(ctx context.Context) ([]secret.Value, int64, error) {
			values, err := m.ask(ctx, s)
			return values, 0, err
		},
	})
}

// ask reads the version of each stage. Two requests are not one: a rotation between them
// may show one version under both, which is then one secret.
func (m *SecretsManager) ask(ctx context.Context, s Secret) ([]secret.Value, error) {
	if s.VersionID != "" {
		value, _, err := m.get(ctx, getSecretValue{SecretID: s.ID, VersionID: s.VersionID}, s.Field)
		return []secret.Value{value}, err
	}
	var values []secret.Value
	seen := map[string]bool{}
	for i, stage := range s.Stages {
		value, id, err := m.get(ctx, getSecretValue{SecretID: s.ID, VersionStage: stage}, s.Field)
		switch {
		case i > 0 && errors.Is(err, client.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		case id != "" && seen[id]:
			continue
		}
		seen[id] = true
		values = append(values, value)
	}
	return values, nil
}

// GetSecretValue (AWS Secrets Manager API Reference).
var readSecret = client.Op[call, secretValue]{Name: "secretsmanager.get_secret_value", Method: "POST", Route: "/", Repeatable: true}

type getSecretValue struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId,omitempty"`
	VersionStage string `json:"VersionStage,omitempty"`
}

type secretValue struct {
	VersionID    string  `json:"VersionId"`
	SecretString *string `json:"SecretString"`
	SecretBinary []byte  `json:"SecretBinary"`
}

func (m *SecretsManager) get(ctx context.Context, in getSecretValue, field string) (value secret.Value, version string, err error) {
	c, err := newCall("secretsmanager.GetSecretValue", in)
	if err != nil {
		return secret.Value{}, "", err
	}
	out, err := readSecret.Do(ctx, m.service.api, c)
	if err != nil {
		return secret.Value{}, "", err
	}
	text := string(out.SecretBinary)
	if out.SecretString != nil {
		text = *out.SecretString
	}
	value, err = kept.Value(text, field)
	return value, out.VersionID, err
}
