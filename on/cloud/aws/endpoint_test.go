package onaws_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
	"github.com/standpipe-go/standpipe/retry"
)

// hangs answers nothing until the request's context ends.
type hangs struct{}

func (hangs) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// asked keeps the host of the last request, and refuses it.
type asked struct{ host string }

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	a.host = r.URL.Host
	return nil, errors.New("refused")
}

// Endpoints are the AWS General Reference's.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		region, base string
		opts         []onaws.Option
		secrets, ssm string
	}{
		{"eu-central-1", "", nil, "secretsmanager.eu-central-1.amazonaws.com", "ssm.eu-central-1.amazonaws.com"},
		{"cn-north-1", "", nil, "secretsmanager.cn-north-1.amazonaws.com.cn", "ssm.cn-north-1.amazonaws.com.cn"},
		{"eusc-de-east-1", "", nil, "secretsmanager.eusc-de-east-1.amazonaws.eu", "ssm.eusc-de-east-1.amazonaws.eu"},
		{"eu-central-1", "https://base.test", nil, "base.test", "base.test"},
		{"eu-central-1", "https://base.test", []onaws.Option{onaws.WithEndpoint("https://vpce.test")}, "vpce.test", "vpce.test"},
	} {
		a := &asked{}
		cfg := aws.Config{Region: c.region, Credentials: &keys{key: "AKIDONE"}}
		if c.base != "" {
			cfg.BaseEndpoint = &c.base
		}
		opts := append([]onaws.Option{onaws.WithClient(client.WithTransport(a), client.WithRetry(retry.Never))}, c.opts...)
		m, err := onaws.NewSecretsManager(cfg, opts...)
		require.NoError(t, err)
		fail(t, m.Secret(onaws.Secret{ID: "k"}))
		require.Equal(t, c.secrets, a.host)
		s, err := onaws.NewParameterStore(cfg, opts...)
		require.NoError(t, err)
		fail(t, s.Parameter(onaws.Parameter{Name: "k"}))
		require.Equal(t, c.ssm, a.host)
	}
}
