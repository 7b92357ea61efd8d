package cloud

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/secret/sourcetest"
)

// static is an aws.Config with fixed credentials.
func static(url string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: aws.CredentialsProviderFunc(fixed)}
}

func reveal(t *testing.T, src secret.Source) string {
	t.Helper()
	value, err := secret.Current(t.Context(), src)
	require.NoError(t, err)
	return value.Reveal()
}

// always has the emulator asked at each use.
var always = onaws.WithInterval(time.Nanosecond)

// X1, X2, X3: what every source promises, of an origin that is written by AWS's own SDK.
func TestSecretsManagerKeepsItsPromises(t *testing.T) {
	url := servers.Kumo(t).URL
	sourcetest.Run(t, func(t *testing.T, values ...string) sourcetest.Backend {
		name := "/app/" + rand.Text() // of one check
		sdk := secretsmanager.NewFromConfig(static(url))
		for _, v := range values[:min(len(values), 1)] {
			_, err := sdk.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &v})
			require.NoError(t, err)
		}
		w := &wire{}
		m, err := onaws.NewSecretsManager(static(url), always, onaws.WithClient(client.WithTransport(w)))
		require.NoError(t, err)
		return sourcetest.Backend{
			Source: m.Secret(onaws.Secret{ID: name}),
			Set: func(values ...string) {
				_, err := sdk.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &values[0]})
				if values[0] != "" { // which the service does not take
					require.NoError(t, err)
				}
			},
			Away: w.cut,
			One:  true,
		}
	})
}

// X1, X2, X3
func TestParameterStoreKeepsItsPromises(t *testing.T) {
	url := servers.Kumo(t).URL
	sourcetest.Run(t, func(t *testing.T, values ...string) sourcetest.Backend {
		name := "/app/" + rand.Text() // of one check
		sdk := ssm.NewFromConfig(static(url))
		put := func(values ...string) {
			_, err := sdk.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &values[0], Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true)})
			if values[0] != "" { // which the service does not take
				require.NoError(t, err)
			}
		}
		if len(values) > 0 {
			put(values...)
		}
		w := &wire{}
		s, err := onaws.NewParameterStore(static(url), always, onaws.WithClient(client.WithTransport(w)))
		require.NoError(t, err)
		return sourcetest.Backend{Source: s.Parameter(onaws.Parameter{Name: name}), Set: put, Away: w.cut, One: true}
	})
}

// Stages, IDs of versions and bytes are those that the SDK has written, and what it
// deletes is gone at once, in the way in which it is.
func TestASecretsLife(t *testing.T) {
	url, name := servers.Kumo(t).URL, "/app/key"
	sdk := secretsmanager.NewFromConfig(static(url))
	m, err := onaws.NewSecretsManager(static(url), always)
	require.NoError(t, err)
	src := m.Secret(onaws.Secret{ID: name, Field: "key", Stages: []string{"AWSCURRENT", "AWSPREVIOUS"}})
	_, err = src.Secrets(t.Context())
	require.ErrorIs(t, err, client.ErrNotFound)
	require.NotErrorIs(t, err, onaws.ErrDeleted)

	first, err := sdk.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String(`{"key":"one"}`)})
	require.NoError(t, err)
	values, err := src.Secrets(t.Context())
	require.NoError(t, err)
	require.Len(t, values, 1)
	_, err = sdk.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: aws.String(`{"key":"two"}`)})
	require.NoError(t, err)
	values, err = src.Secrets(t.Context())
	require.NoError(t, err)
	require.Len(t, values, 2)
	require.Equal(t, "two one", values[0].Reveal()+" "+values[1].Reveal())
	require.Equal(t, `{"key":"one"}`, reveal(t, m.Secret(onaws.Secret{ID: *first.ARN, VersionID: *first.VersionId})))

	_, err = sdk.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretBinary: []byte("\x00\xfe\xff\n")})
	require.NoError(t, err)
	require.Equal(t, "\x00\xfe\xff\n", reveal(t, m.Secret(onaws.Secret{ID: name})))

	kept := m.Secret(onaws.Secret{ID: name})
	reveal(t, kept)
	_, err = sdk.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name})
	require.NoError(t, err)
	_, err = kept.Secrets(t.Context())
	require.ErrorIs(t, err, onaws.ErrDeleted)
	require.ErrorIs(t, err, client.ErrNotFound)
}

// A parameter that was deleted is gone at once.
func TestAParametersLife(t *testing.T) {
	url, name := servers.Kumo(t).URL, "/app/key"
	sdk := ssm.NewFromConfig(static(url))
	s, err := onaws.NewParameterStore(static(url), always)
	require.NoError(t, err)
	src := s.Parameter(onaws.Parameter{Name: name, Field: "key"})
	_, err = sdk.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String(`{"key":"one"}`), Type: ssmtypes.ParameterTypeSecureString})
	require.NoError(t, err)
	require.Equal(t, "one", reveal(t, src))
	_, err = sdk.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &name})
	require.NoError(t, err)
	_, err = src.Secrets(t.Context())
	require.ErrorIs(t, err, client.ErrNotFound)
}

// The SDK's default chain: the environment, and the endpoint of a container's
// credentials, whose key signs the request.
func TestTheDefaultChain(t *testing.T) {
	url, name := servers.Kumo(t).URL, "/app/key"
	_, err := secretsmanager.NewFromConfig(static(url)).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("one")})
	require.NoError(t, err)
	none := t.TempDir()
	for variable, value := range map[string]string{
		"AWS_CONFIG_FILE": none + "/config", "AWS_SHARED_CREDENTIALS_FILE": none + "/credentials", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(variable, value)
	}
	check := func(key string) {
		cfg, err := config.LoadDefaultConfig(t.Context())
		require.NoError(t, err)
		seen := &recorder{next: http.DefaultTransport}
		m, err := onaws.NewSecretsManager(cfg, onaws.WithClient(client.WithTransport(seen)))
		require.NoError(t, err)
		require.Equal(t, "one", reveal(t, m.Secret(onaws.Secret{ID: name})))
		require.Contains(t, seen.header.Get("Authorization"), "Credential="+key+"/")
	}
	check("AKIDENV")

	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "secret", "Token": "t", "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	}))
	defer container.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.URL)
	check("AKIDCONTAINER")
}

// What is sent is what the SDK sends.
func TestTheRequestIsTheSDKs(t *testing.T) {
	url, name := servers.Kumo(t).URL, "/app/key"
	ours, theirs := &recorder{next: http.DefaultTransport}, &recorder{next: http.DefaultTransport}
	cfg := static(url)
	cfg.HTTPClient = &http.Client{Transport: theirs}
	with := onaws.WithClient(client.WithTransport(ours))
	same := func(t *testing.T) {
		require.Equal(t, theirs.method+" "+theirs.url, ours.method+" "+ours.url)
		require.JSONEq(t, theirs.body, ours.body)
		for _, field := range []string{"X-Amz-Target", "Content-Type"} {
			require.Equal(t, theirs.header.Get(field), ours.header.Get(field))
			require.NotEmpty(t, ours.header.Get(field))
		}
		require.Equal(t, scope(theirs.header), scope(ours.header))
	}
	m, err := onaws.NewSecretsManager(static(url), with)
	require.NoError(t, err)
	sdk := secretsmanager.NewFromConfig(cfg)
	for _, s := range []onaws.Secret{{ID: name, Stages: []string{"AWSPREVIOUS"}}, {ID: name, VersionID: "00000000-0000-0000-0000-000000000001"}} {
		in := &secretsmanager.GetSecretValueInput{SecretId: &s.ID}
		if s.VersionID != "" {
			in.VersionId = &s.VersionID
		} else {
			in.VersionStage = &s.Stages[0]
		}
		_, _ = sdk.GetSecretValue(t.Context(), in)
		_, _ = m.Secret(s).Secrets(t.Context())
		same(t)
	}
	store, err := onaws.NewParameterStore(static(url), with)
	require.NoError(t, err)
	_, _ = ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name + ":3"), WithDecryption: aws.Bool(true)})
	_, _ = store.Parameter(onaws.Parameter{Name: name, Selector: "3"}).Secrets(t.Context())
	same(t)
}

// recorder keeps the last request, and passes it on.
type recorder struct {
	next              http.RoundTripper
	method, url, body string
	header            http.Header
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err = errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	r.method, r.url, r.header, r.body = req.Method, req.URL.String(), req.Header.Clone(), string(body)
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	return r.next.RoundTrip(req)
}

// wire is a way to the emulator that can be cut.
type wire struct{ down atomic.Bool }

func (w *wire) cut() { w.down.Store(true) }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.down.Load() {
		return nil, errors.New("the wire is cut")
	}
	return http.DefaultTransport.RoundTrip(req)
}
