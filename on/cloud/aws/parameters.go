package onaws

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/on/internal/kept"
	"github.com/standpipe-go/standpipe/secret"
)

// ParameterStore reads the parameters of AWS Systems Manager. Make one with
// [NewParameterStore]; it is immutable and safe for concurrent use.
type ParameterStore struct{ service *service }

// NewParameterStore returns the Parameter Store of cfg's region, called with cfg's
// credentials; config.LoadDefaultConfig makes one. Nothing else of cfg is used but its
// BaseEndpoint. It sends nothing.
func NewParameterStore(cfg aws.Config, opts ...Option) (*ParameterStore, error) {
	s, err := newService(cfg, "ssm", opts)
	if err != nil {
		return nil, err
	}
	return &ParameterStore{s}, nil
}

// Parameter names a parameter of the Parameter Store.
type Parameter struct {
	// Name is its name or its ARN, such as "/billing/stripe", without a version or label.
	Name string
	// Selector is the number of one version, or a label. "" is the newest version.
	Selector string
	// Field is the member that is meant of a parameter that is a JSON object; it must be
	// text. "" is the whole parameter, as it is.
	Field string
	// Versions is how many versions are valid at once, the newest first: with 2, what
	// is being replaced is accepted a while longer. AWS keeps 100. 0 is 1; more than 10,
	// or more than one beside a Selector, are an error.
	Versions int
}

// Parameter returns the source of a parameter, which is decrypted where it is a
// SecureString. That it names none is an error at construction of whatever uses it.
func (s *ParameterStore) Parameter(p Parameter) secret.Source {
	n, bad := kept.Versions(p.Versions)
	switch {
	case strings.TrimSpace(p.Name) == "":
		bad = fmt.Errorf("the parameter has no name: %w", secret.ErrNone)
	case p.Selector != "" && n > 1:
		bad = errors.New("either a selector or several versions can be asked for")
	}
	p.Versions = n
	return kept.Source(kept.Origin{
		Place:    fmt.Sprintf("onaws: parameter %q", p.Name),
		Parts:    []string{s.service.name, p.Name, p.Selector, p.Field},
		Bad:      bad,
		Interval: s.service.cfg.Interval,
		Grace:    s.service.cfg.Grace,
		Ask:      func(ctx context.Context) ([]secret.Value, int64, error) { return s.ask(ctx, p) },
	})
}

// ask reads the version that is asked for, and those before it that are still there.
func (s *ParameterStore) ask(ctx context.Context, p Parameter) ([]secret.Value, int64, error) {
	newest, version, err := s.get(ctx, p, p.Selector)
	if err != nil {
		return nil, 0, err
	}
	if p.Selector != "" { // a label may be moved back
		return []secret.Value{newest}, 0, nil
	}
	values, err := kept.Older(newest, version, p.Versions, func(version int64) (secret.Value, error) {
		value, _, err := s.get(ctx, p, strconv.FormatInt(version, 10))
		return value, err
	}, func(err error) bool { return errors.Is(err, client.ErrNotFound) || errors.Is(err, kept.ErrGone) })
	return values, version, err
}

// GetParameter (AWS Systems Manager API Reference).
var readParameter = client.Op[call, parameterOut]{Name: "ssm.get_parameter", Method: "POST", Route: "/", Repeatable: true}

type getParameter struct {
	Name           string `json:"Name"`
	WithDecryption bool   `json:"WithDecryption"`
}

type parameterOut struct {
	Parameter struct {
		Value   string `json:"Value"`
		Version int64  `json:"Version"`
	} `json:"Parameter"`
}

func (s *ParameterStore) get(ctx context.Context, p Parameter, selector string) (secret.Value, int64, error) {
	name := p.Name
	if selector != "" {
		name += ":" + selector
	}
	c, err := newCall("AmazonSSM.GetParameter", getParameter{name, true})
	if err != nil {
		return secret.Value{}, 0, err
	}
	out, err := readParameter.Do(ctx, s.service.api, c)
	if err != nil {
		return secret.Value{}, 0, err
	}
	value, err := kept.Value(out.Parameter.Value, p.Field)
	return value, out.Parameter.Version, err
}
