package onaws_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/secret/sourcetest"
)

// reveal returns a source's secrets, joined.
func reveal(t *testing.T, src secret.Source) string {
	t.Helper()
	values, err := src.Secrets(t.Context())
	require.NoError(t, err)
	var all []string
	for _, v := range values {
		all = append(all, v.Reveal())
	}
	return strings.Join(all, " ")
}

func fail(t *testing.T, src secret.Source) error {
	t.Helper()
	_, err := src.Secrets(t.Context())
	require.Error(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
	return err
}

var stages = []string{"AWSCURRENT", "AWSPREVIOUS", "OLDEST"}

// X1, X2, X3: what every source promises.
func TestSourcesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	pass := func() { time.Sleep(time.Minute) }
	t.Run("secret", func(t *testing.T) {
		t.Parallel()
		sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
			f := newFake()
			put := func(values ...string) {
				f.set(func(f *fake) {
					for i, v := range values {
						f.stages[stages[i]] = v
					}
				})
			}
			put(values...)
			return sourcetest.Backend{
				Source: f.manager(t).Secret(onaws.Secret{ID: "app/key", Stages: stages[:max(len(values), 1)]}),
				Set:    put,
				Pass:   pass,
				Away:   func() { f.fails(503, "InternalServiceError", "") },
			}
		})
	})
	t.Run("parameter", func(t *testing.T) {
		t.Parallel()
		sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
			f := newFake()
			put := func(values ...string) {
				f.set(func(f *fake) {
					for i := len(values) - 1; i >= 0; i-- {
						f.versions = append(f.versions, values[i])
					}
				})
			}
			put(values...)
			return sourcetest.Backend{
				Source: f.store(t).Parameter(onaws.Parameter{Name: "/app/key", Versions: max(len(values), 1)}),
				Set:    put,
				Pass:   pass,
				Away:   func() { f.fails(503, "InternalServerError", "") },
			}
		})
	})
}

// X3, C19: one request a minute for all, and one more after a Refresh.
func TestASecretIsReadOnceAMinuteForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		src := f.manager(t).Secret(onaws.Secret{ID: "app/key"})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got, err := secret.Current(t.Context(), src); err != nil || got.Reveal() != "one" {
					t.Errorf("%v %v", got, err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, f.count())

		f.set(func(f *fake) { f.stages["AWSCURRENT"] = "two" })
		time.Sleep(time.Minute - 1)
		require.Equal(t, "one", reveal(t, src))
		time.Sleep(time.Nanosecond)
		require.Equal(t, "two", reveal(t, src))
		f.set(func(f *fake) { f.stages["AWSCURRENT"] = "three" })
		require.NoError(t, secret.Refresh(t.Context(), src)) // as a client does after a 401
		require.Equal(t, "three", reveal(t, src))
		require.Equal(t, 3, f.count())
	})
}

// Stages are asked for by name; two that mean one version are one secret.
func TestStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		f.stages["id-7"] = "seven"
		m := f.manager(t)
		both := m.Secret(onaws.Secret{ID: "app/key", Stages: stages[:2]})
		require.Equal(t, "one", reveal(t, both), "never rotated")
		f.set(func(f *fake) { f.stages["AWSPREVIOUS"] = "one" })
		time.Sleep(time.Minute)
		require.Equal(t, "one", reveal(t, both))
		f.set(func(f *fake) { f.stages["AWSCURRENT"] = "two" })
		time.Sleep(time.Minute)
		require.Equal(t, "two one", reveal(t, both))
		require.Equal(t, "one", reveal(t, m.Secret(onaws.Secret{ID: "app/key", Stages: []string{"AWSPREVIOUS"}})))
		require.Equal(t, "seven", reveal(t, m.Secret(onaws.Secret{ID: "app/key", VersionID: "id-7"})))
		require.ErrorIs(t, fail(t, m.Secret(onaws.Secret{ID: "app/key", Stages: []string{"AWSPENDING"}})), client.ErrNotFound)
	})
}

func TestParameterVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.versions = []string{"a", "b", "", "d"}
		s := f.store(t, onaws.WithInterval(time.Second))
		require.Equal(t, "d b", reveal(t, s.Parameter(onaws.Parameter{Name: "/app/key", Versions: 3})))
		f.live = 2
		live := s.Parameter(onaws.Parameter{Name: "/app/key", Selector: "live"})
		require.Equal(t, "b", reveal(t, live))
		f.set(func(f *fake) { f.live = 1 })
		time.Sleep(time.Second)
		require.Equal(t, "a", reveal(t, live), "a label may be moved back")
		require.Equal(t, "b", reveal(t, s.Parameter(onaws.Parameter{Name: "/app/key", Selector: "2"})))
		require.ErrorIs(t, fail(t, s.Parameter(onaws.Parameter{Name: "/app/key", Selector: "3"})), client.ErrNotFound)

		// A replica that lags takes nobody back to the secret before.
		f.versions = []string{"a", "b"}
		src := s.Parameter(onaws.Parameter{Name: "/app/key"})
		require.Equal(t, "b", reveal(t, src))
		f.set(func(f *fake) { f.behind = 1 })
		time.Sleep(30 * time.Second)
		require.Equal(t, "b", reveal(t, src))
		time.Sleep(30 * time.Second)
		require.Equal(t, "a", reveal(t, src), "after a minute it was made anew")
	})
}

func TestFieldsAndBytes(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.stages["AWSCURRENT"] = `{"user":"canary","key":"k-1","port":5432,"blank":" ","nothing":null}`
	f.versions = []string{`{"key":"k-2"}`}
	m := f.manager(t)
	require.Equal(t, "k-1", reveal(t, m.Secret(onaws.Secret{ID: "app/key", Field: "key"})))
	require.Equal(t, "k-2", reveal(t, f.store(t).Parameter(onaws.Parameter{Name: "/app/key", Field: "key"})))
	for field, want := range map[string]string{
		"absent": `onaws: secret "app/key": there is no such secret: it has no field "absent"`, "port": `its field "port" is no text`,
		"nothing": `its field "nothing" is no text`, "blank": `its field "blank": secret is blank`,
	} {
		require.ErrorContains(t, fail(t, m.Secret(onaws.Secret{ID: "app/key", Field: field})), want)
	}
	f.set(func(f *fake) { f.binary, f.stages["AWSCURRENT"] = true, "\x00\xff\n" })
	require.Equal(t, "\x00\xff\n", reveal(t, m.Secret(onaws.Secret{ID: "app/key"})))
	f.set(func(f *fake) { f.stages["AWSCURRENT"] = `{"canary": "broken` })
	require.ErrorContains(t, fail(t, m.Secret(onaws.Secret{ID: "app/key", Field: "key"})), "it is no JSON object")
}

// Each failure has its kind, is asked as often as it may help, and is AWS's last word or
// not: what was read before serves only if it is not.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status        int
		code, message string
		is            error
		requests      int
		serves        bool
	}{
		{400, "ResourceNotFoundException", "can't find it", client.ErrNotFound, 1, false},
		{400, "AccessDeniedException", "User: x is not authorized to perform", client.ErrForbidden, 1, false},
		{400, "AccessDeniedException", "Access to KMS is not allowed", client.ErrForbidden, 1, false},
		{400, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.", onaws.ErrDeleted, 1, false},
		{400, "InvalidRequestException", "You can't perform this operation on the secret because it was scheduled for deletion.", client.ErrNotFound, 1, false},
		{400, "InvalidRequestException", "something else", client.ErrBadRequest, 1, false},
		{400, "DecryptionFailure", "KMS can't decrypt", client.ErrBadRequest, 1, false},
		{400, "ThrottlingException", "Rate exceeded", client.ErrRateLimited, 3, true},
		{429, "TooManyRequestsException", "", client.ErrRateLimited, 3, true},
		{500, "InternalServiceError", "", client.ErrUnavailable, 3, true},
		{503, "ServiceUnavailable", "", client.ErrUnavailable, 3, true},
		{400, "com.amazon.coral.service#ExpiredTokenException", "expired", client.ErrUnauthorized, 1, false},
		{400, "UnrecognizedClientException:http://internal.amazon.com/coral/", "invalid", client.ErrUnauthorized, 1, false},
	} {
		t.Run(c.code+" "+c.message, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.stages["AWSCURRENT"] = "canary"
				m := f.manager(t)
				kept := m.Secret(onaws.Secret{ID: "app/key"})
				require.Equal(t, "canary", reveal(t, kept))
				f.fails(c.status, c.code, c.message)
				before := f.count()
				err := fail(t, m.Secret(onaws.Secret{ID: "app/key"}))
				require.ErrorIs(t, err, c.is)
				require.Equal(t, c.requests, f.count()-before)
				var failed *client.Error
				require.ErrorAs(t, err, &failed)
				require.Equal(t, "req-1", failed.RequestID)
				require.NotContains(t, failed.Code, "#")
				require.NotContains(t, failed.Code, ":")

				time.Sleep(time.Minute)
				values, err := kept.Secrets(t.Context())
				require.Equal(t, c.serves, err == nil, "%v", err)
				require.Len(t, values, map[bool]int{true: 1}[c.serves])
				if !c.serves { // it does not come back when AWS is away later
					f.fails(503, "InternalServiceError", "")
					require.ErrorIs(t, fail(t, kept), client.ErrUnavailable)
				}
			})
		})
	}
}

func TestFailuresOfParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status   int
		code     string
		is       error
		requests int
	}{
		{400, "ParameterNotFound", client.ErrNotFound, 1},
		{400, "ParameterVersionNotFound", client.ErrNotFound, 1},
		{400, "AccessDeniedException", client.ErrForbidden, 1},
		{400, "InvalidKeyId", client.ErrBadRequest, 1},
		{400, "ThrottlingException", client.ErrRateLimited, 3},
		{500, "InternalServerError", client.ErrUnavailable, 3},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.fails(c.status, c.code, "")
				require.ErrorIs(t, fail(t, f.store(t).Parameter(onaws.Parameter{Name: "/app/key"})), c.is)
				require.Equal(t, c.requests, f.count())
			})
		})
	}
}

func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		src := f.manager(t, onaws.WithGrace(10*time.Minute)).Secret(onaws.Secret{ID: "app/key"})
		none := f.manager(t, onaws.WithGrace(0)).Secret(onaws.Secret{ID: "app/key"})
		require.Equal(t, "one one", reveal(t, src)+" "+reveal(t, none))
		f.fails(500, "InternalServiceError", "")
		time.Sleep(9 * time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.ErrorIs(t, fail(t, none), client.ErrUnavailable)
		time.Sleep(2 * time.Minute)
		require.ErrorIs(t, fail(t, src), client.ErrUnavailable)
	})
}

// X3: credentials that were replaced are had anew, once, and no call fails.
func TestX3_CredentialsThatWereReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		k := &keys{key: "AKIDONE"}
		m, err := onaws.NewSecretsManager(config(k), f.options(t, nil)...)
		require.NoError(t, err)
		src := m.Secret(onaws.Secret{ID: "app/key"})
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { f.key, f.stages["AWSCURRENT"] = "AKIDTWO", "two" })
		k.set("AKIDTWO", nil)
		time.Sleep(time.Minute)
		require.Equal(t, "two", reveal(t, src))
		require.Equal(t, 3, f.count())
		require.Equal(t, 2, k.asked)
	})
}

// What gives the credentials being away is no reason to drop the secret.
func TestCredentialsThatCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		k := &keys{key: "AKIDONE"}
		m, err := onaws.NewSecretsManager(aws.Config{Region: "eu-central-1", Credentials: k}, f.options(t, nil)...)
		require.NoError(t, err)
		src := m.Secret(onaws.Secret{ID: "app/key"})
		require.Equal(t, "one", reveal(t, src))
		away := errors.New("the metadata service is away")
		k.set("", away)
		time.Sleep(time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.ErrorIs(t, fail(t, m.Secret(onaws.Secret{ID: "app/key"})), away)
	})
}

// Credentials that have ended are not sent, and are no word of AWS's about the secret.
func TestCredentialsThatHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		k := &keys{key: "AKIDONE", ends: time.Now().Add(30 * time.Second)}
		m, err := onaws.NewSecretsManager(aws.Config{Region: "eu-central-1", Credentials: k}, f.options(t, nil)...)
		require.NoError(t, err)
		src := m.Secret(onaws.Secret{ID: "app/key"})
		require.Equal(t, "one", reveal(t, src))
		time.Sleep(time.Minute)
		require.Equal(t, "one", reveal(t, src))
		fail(t, m.Secret(onaws.Secret{ID: "app/key"}))
		require.Equal(t, 1, f.count())
	})
}

// A clock that is wrong by minutes is set right by AWS's.
func TestAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.skew = time.Hour
		f.stages["AWSCURRENT"] = "one"
		require.Equal(t, "one", reveal(t, f.manager(t).Secret(onaws.Secret{ID: "app/key"})))
		require.Equal(t, 2, f.count())
	})
}

// A service that does not answer is waited for no longer than 20 s.
func TestAServiceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		m, err := onaws.NewSecretsManager(config(&keys{key: "AKIDONE"}), onaws.WithClient(client.WithTransport(hangs{})))
		require.NoError(t, err)
		began := time.Now()
		require.ErrorIs(t, fail(t, m.Secret(onaws.Secret{ID: "app/key"})), client.ErrTimeout)
		require.Equal(t, 20*time.Second, time.Since(began))
		require.Zero(t, f.count())
	})
}

// X2
func TestBadInput(t *testing.T) {
	t.Parallel()
	good := config(&keys{key: "AKIDONE"})
	manager := func(cfg aws.Config, opts ...onaws.Option) error {
		_, err := onaws.NewSecretsManager(cfg, opts...)
		return err
	}
	store := func(cfg aws.Config, opts ...onaws.Option) error {
		_, err := onaws.NewParameterStore(cfg, opts...)
		return err
	}
	m, s := newFake().manager(t), newFake().store(t)
	for name, err := range map[string]error{
		"no credentials":     manager(aws.Config{Region: "eu-central-1"}),
		"no region":          store(aws.Config{Credentials: good.Credentials}),
		"odd region":         manager(aws.Config{Region: "eu/central", Credentials: good.Credentials}),
		"empty endpoint":     manager(good, onaws.WithEndpoint("")),
		"plain http":         store(good, onaws.WithEndpoint("http://ssm.test")),
		"no interval":        manager(good, onaws.WithInterval(0)),
		"negative grace":     manager(good, onaws.WithGrace(-1)),
		"no ID":              secret.Check(m.Secret(onaws.Secret{ID: " "})),
		"stages and version": secret.Check(m.Secret(onaws.Secret{ID: "k", Stages: stages, VersionID: "v"})),
		"empty stage":        secret.Check(m.Secret(onaws.Secret{ID: "k", Stages: []string{""}})),
		"too many stages":    secret.Check(m.Secret(onaws.Secret{ID: "k", Stages: strings.Split("a,b,c,d,e,f,g,h,i,j,k", ",")})),
		"no name":            secret.Check(s.Parameter(onaws.Parameter{})),
		"negative versions":  secret.Check(s.Parameter(onaws.Parameter{Name: "k", Versions: -1})),
		"too many versions":  secret.Check(s.Parameter(onaws.Parameter{Name: "k", Versions: 11})),
		"both":               secret.Check(s.Parameter(onaws.Parameter{Name: "k", Versions: 2, Selector: "1"})),
	} {
		require.Error(t, err, name)
		require.Contains(t, err.Error(), "onaws: ", name)
	}
	require.NoError(t, secret.Check(s.Parameter(onaws.Parameter{Name: "k", Versions: 10})))
}

// C17, C36: the place of a secret is what tells it from others, in every process.
func TestIdentity(t *testing.T) {
	t.Parallel()
	of := func(src secret.Source) string { return src.(interface{ Identity() string }).Identity() }
	f := newFake()
	m := f.manager(t)
	one := of(m.Secret(onaws.Secret{ID: "k"}))
	require.Len(t, one, 32)
	require.Equal(t, one, of(f.manager(t).Secret(onaws.Secret{ID: "k", Stages: stages})))
	for _, other := range []secret.Source{
		m.Secret(onaws.Secret{ID: "k2"}), m.Secret(onaws.Secret{ID: "k", Field: "f"}), m.Secret(onaws.Secret{ID: "k", VersionID: "v"}),
		m.Secret(onaws.Secret{ID: "k", Stages: stages[1:]}), f.store(t).Parameter(onaws.Parameter{Name: "k"}),
		f.manager(t, onaws.WithEndpoint("https://vpce.test")).Secret(onaws.Secret{ID: "k"}),
	} {
		require.NotEqual(t, one, of(other))
	}
}
