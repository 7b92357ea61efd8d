package onaws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// fake answers as the API references of Secrets Manager and Systems Manager say. It has
// one secret, "app/key", whose stages are those of the tests, and one parameter.
type fake struct {
	mu       sync.Mutex
	stages   map[string]string // of the secret: its text under each label
	binary   bool
	versions []string // of the parameter; "" was deleted
	code     string   // of every response, if set
	message  string
	status   int    // with code
	key      string // the access key that is valid
	behind   int    // versions of the parameter that a replica lacks
	live     int    // the version of the parameter that has the label
	skew     time.Duration
	served   int
	targets  []string
}

func newFake() *fake { return &fake{stages: map[string]string{}, key: "AKIDONE"} }

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) fails(status int, code, message string) {
	f.set(func(f *fake) { f.status, f.code, f.message = status, code, message })
}

func (f *fake) count() (n int) {
	f.set(func(f *fake) { n = f.served })
	return n
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.served++
	target, auth := r.Header.Get("X-Amz-Target"), r.Header.Get("Authorization")
	f.targets = append(f.targets, target)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", "req-1")
	now := time.Now().Add(f.skew)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	signed, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	service := map[bool]string{true: "ssm", false: "secretsmanager"}[strings.HasPrefix(target, "AmazonSSM.")]
	switch {
	case r.Method != "POST" || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		refuse(w, 400, "SerializationException", "not the JSON protocol")
	case f.code != "":
		refuse(w, f.status, f.code, f.message)
	case !strings.Contains(auth, "Credential="+f.key+"/"):
		refuse(w, 400, "com.amazon.coral.service#UnrecognizedClientException", "The security token included in the request is invalid.")
	case !strings.Contains(auth, "/eu-central-1/"+service+"/aws4_request"):
		refuse(w, 400, "InvalidSignatureException", "Credential should be scoped to another service")
	case now.Sub(signed).Abs() > 5*time.Minute:
		refuse(w, 400, "InvalidSignatureException", "Signature expired")
	case target == "secretsmanager.GetSecretValue":
		f.secret(w, r)
	case target == "AmazonSSM.GetParameter":
		f.parameter(w, r)
	default:
		refuse(w, 400, "UnknownOperationException", "")
	}
}

func (f *fake) secret(w http.ResponseWriter, r *http.Request) {
	var in struct{ SecretId, VersionId, VersionStage string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	text, ok := f.stages[in.VersionStage+in.VersionId]
	if in.SecretId != "app/key" || !ok {
		refuse(w, 400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: "+in.VersionStage)
		return
	}
	out := map[string]any{"ARN": "arn:aws:secretsmanager:eu-central-1:1:secret:app/key-AbCdEf", "Name": in.SecretId, "VersionId": fmt.Sprintf("v-%x", text), "CreatedDate": 1.7e9}
	if out["SecretString"] = text; f.binary {
		delete(out, "SecretString")
		out["SecretBinary"] = []byte(text)
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (f *fake) parameter(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	name, selector, _ := strings.Cut(in.Name, ":")
	n := len(f.versions) - f.behind
	switch selector {
	case "":
	case "live":
		n = f.live
	default:
		n, _ = strconv.Atoi(selector)
	}
	switch {
	case name != "/app/key" || len(f.versions) == 0:
		refuse(w, 400, "ParameterNotFound", "")
	case n < 1 || n > len(f.versions) || f.versions[n-1] == "":
		refuse(w, 400, "ParameterVersionNotFound", "")
	case !in.WithDecryption:
		refuse(w, 400, "ValidationException", "it would come encrypted")
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]any{"Name": name, "Type": "SecureString", "Value": f.versions[n-1], "Version": n, "Selector": selector}})
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"__type": code, "Message": message})
}

// keys is a provider whose cache the SDK keeps.
type keys struct {
	mu    sync.Mutex
	key   string
	err   error
	asked int
	ends  time.Time // zero: never
}

func (k *keys) Retrieve(context.Context) (aws.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	return aws.Credentials{AccessKeyID: k.key, SecretAccessKey: "canary-access-key", SessionToken: "canary-session", CanExpire: !k.ends.IsZero(), Expires: k.ends}, k.err
}

func (k *keys) set(key string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key, k.err = key, err
}

func config(from aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: "eu-central-1", Credentials: aws.NewCredentialsCache(from)}
}

func (f *fake) options(t *testing.T, opts []onaws.Option) []onaws.Option {
	rt := clienttest.NewTransport(t, clienttest.Handle(f.ServeHTTP))
	return append([]onaws.Option{onaws.WithClient(client.WithTransport(rt))}, opts...)
}

// manager returns a Secrets Manager that f answers for. It works in a bubble.
func (f *fake) manager(t *testing.T, opts ...onaws.Option) *onaws.SecretsManager {
	t.Helper()
	m, err := onaws.NewSecretsManager(config(&keys{key: "AKIDONE"}), f.options(t, opts)...)
	require.NoError(t, err)
	return m
}

// store returns a Parameter Store that f answers for. It works in a bubble.
func (f *fake) store(t *testing.T, opts ...onaws.Option) *onaws.ParameterStore {
	t.Helper()
	s, err := onaws.NewParameterStore(config(&keys{key: "AKIDONE"}), f.options(t, opts)...)
	require.NoError(t, err)
	return s
}
