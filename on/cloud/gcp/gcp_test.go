package ongcp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	ongcp "github.com/standpipe-go/standpipe/on/cloud/gcp"
	"github.com/standpipe-go/standpipe/retry"
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

// X1, X2, X3: what every source promises.
func TestSourceKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
		f := newFake()
		put := func(values ...string) {
			for i := len(values) - 1; i >= 0; i-- {
				f.put(values[i])
			}
		}
		put(values...)
		return sourcetest.Backend{
			Source: f.manager(t).Secret(ongcp.Secret{Name: "key", Versions: max(len(values), 1)}),
			Set:    put,
			Pass:   func() { time.Sleep(time.Minute) },
			Away:   func() { f.fails(503, "UNAVAILABLE") },
		}
	})
}

// X3: one request a minute for all, and one more after a Refresh.
func TestASecretIsReadOnceAMinuteForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("one")
		src := f.manager(t).Secret(ongcp.Secret{Name: "key"})
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

		f.put("two")
		time.Sleep(time.Minute - 1)
		require.Equal(t, "one", reveal(t, src))
		time.Sleep(time.Nanosecond)
		require.Equal(t, "two", reveal(t, src))
		f.put("three")
		require.NoError(t, secret.Refresh(t.Context(), src)) // as a client does after a 401
		require.Equal(t, "three", reveal(t, src))
		require.Equal(t, 3, f.count())
	})
}

func TestVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("a", "b", "c", "d", "e")
		f.state[3], f.state[4] = "DISABLED", "DESTROYED"
		f.aliases["live"] = 2
		m := f.manager(t, ongcp.WithInterval(time.Second))
		require.Equal(t, "e", reveal(t, m.Secret(ongcp.Secret{Name: "key"})))
		require.Equal(t, "e b", reveal(t, m.Secret(ongcp.Secret{Name: "key", Versions: 4})))
		require.Equal(t, "a", reveal(t, m.Secret(ongcp.Secret{Name: "key", Version: "1"})))
		require.ErrorIs(t, fail(t, m.Secret(ongcp.Secret{Name: "key", Version: "9"})), client.ErrNotFound)

		live := m.Secret(ongcp.Secret{Name: "key", Version: "live"})
		require.Equal(t, "b", reveal(t, live))
		f.set(func(f *fake) { f.aliases["live"] = 1 })
		time.Sleep(time.Second)
		require.Equal(t, "a", reveal(t, live), "an alias may be moved back")

		// A replica that lags takes nobody back to the secret before.
		f.put("f", "g")
		src := m.Secret(ongcp.Secret{Name: "key"})
		require.Equal(t, "g", reveal(t, src))
		f.set(func(f *fake) { f.behind = 1 })
		time.Sleep(30 * time.Second)
		require.Equal(t, "g", reveal(t, src))
		time.Sleep(30 * time.Second)
		require.Equal(t, "f", reveal(t, src), "after a minute it was made anew")
	})
}

func TestFieldsAndBytes(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.put(`{"user":"canary","key":"k-1","port":5432,"blank":" ","nothing":null}`)
	m := f.manager(t)
	require.Equal(t, "k-1", reveal(t, m.Secret(ongcp.Secret{Name: "key", Field: "key"})))
	for field, want := range map[string]string{
		"absent": `ongcp: secret "key" of project "my-project": there is no such secret: it has no field "absent"`, "port": `its field "port" is no text`,
		"nothing": `its field "nothing" is no text`, "blank": `its field "blank": secret is blank`,
	} {
		require.ErrorContains(t, fail(t, m.Secret(ongcp.Secret{Name: "key", Field: field})), want)
	}
	f.put("\x00\xff\n")
	require.Equal(t, "\x00\xff\n", reveal(t, m.Secret(ongcp.Secret{Name: "key"})))
	f.put(`{"canary": "broken`)
	require.ErrorContains(t, fail(t, m.Secret(ongcp.Secret{Name: "key", Field: "key"})), "it is no JSON object")
}

// What arrives with the wrong checksum is no secret, and takes away none that is known.
func TestChecksum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("canary")
		m := f.manager(t)
		src := m.Secret(ongcp.Secret{Name: "key"})
		require.Equal(t, "canary", reveal(t, src))
		f.set(func(f *fake) { f.garbled = true })
		f.put("canary-2")
		time.Sleep(time.Minute)
		require.Equal(t, "canary", reveal(t, src))
		require.ErrorIs(t, fail(t, m.Secret(ongcp.Secret{Name: "key"})), client.ErrChecksum)
	})
}

// Each failure has its kind, is asked as often as it may help, and is Google's last word
// or not: what was read before serves only if it is not.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status   int
		code     string
		is, not  error
		requests int
		serves   bool
	}{
		{404, "NOT_FOUND", client.ErrNotFound, ongcp.ErrDestroyed, 1, false},
		{403, "PERMISSION_DENIED", client.ErrForbidden, client.ErrNotFound, 1, false},
		{401, "UNAUTHENTICATED", client.ErrUnauthorized, client.ErrNotFound, 1, false},
		{0, "DISABLED", ongcp.ErrDisabled, client.ErrNotFound, 1, false},
		{0, "DESTROYED", ongcp.ErrDestroyed, ongcp.ErrDisabled, 1, false},
		{0, "DESTROYED", client.ErrNotFound, ongcp.ErrDisabled, 1, false},
		{400, "FAILED_PRECONDITION", client.ErrBadRequest, ongcp.ErrDisabled, 1, false},
		{429, "RESOURCE_EXHAUSTED", client.ErrRateLimited, client.ErrNotFound, 3, true},
		{500, "INTERNAL", client.ErrUnavailable, client.ErrNotFound, 3, true},
		{503, "UNAVAILABLE", client.ErrUnavailable, client.ErrNotFound, 3, true},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.put("canary")
				m := f.manager(t)
				kept := m.Secret(ongcp.Secret{Name: "key"})
				require.Equal(t, "canary", reveal(t, kept))
				if c.status == 0 {
					f.set(func(f *fake) { f.state[1] = c.code })
				} else {
					f.fails(c.status, c.code)
				}
				before := f.count()
				err := fail(t, m.Secret(ongcp.Secret{Name: "key"}))
				require.ErrorIs(t, err, c.is)
				require.NotErrorIs(t, err, c.not)
				require.Equal(t, c.requests, f.count()-before)

				time.Sleep(time.Minute)
				values, err := kept.Secrets(t.Context())
				require.Equal(t, c.serves, err == nil, "%v", err)
				require.Len(t, values, map[bool]int{true: 1}[c.serves])
				if !c.serves { // it does not come back when Google is away later
					f.fails(503, "UNAVAILABLE")
					require.ErrorIs(t, fail(t, kept), client.ErrUnavailable)
				}
			})
		})
	}
}

func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("one")
		src := f.manager(t, ongcp.WithGrace(10*time.Minute)).Secret(ongcp.Secret{Name: "key"})
		none := f.manager(t, ongcp.WithGrace(0)).Secret(ongcp.Secret{Name: "key"})
		require.Equal(t, "one one", reveal(t, src)+" "+reveal(t, none))
		f.fails(500, "INTERNAL")
		time.Sleep(9 * time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.ErrorIs(t, fail(t, none), client.ErrUnavailable)
		time.Sleep(2 * time.Minute)
		require.ErrorIs(t, fail(t, src), client.ErrUnavailable)
	})
}

// tokens gives a token, or fails.
type tokens struct{ err error }

func (s *tokens) Token() (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: token}, s.err
}

// What gives the tokens being away is no reason to drop the secret.
func TestTokensThatCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("one")
		from := &tokens{}
		rt := transport(func(r *http.Request) (*http.Response, error) { return serve(f, r), nil })
		m, err := ongcp.New("my-project", from, ongcp.WithClient(client.WithTransport(rt)))
		require.NoError(t, err)
		src := m.Secret(ongcp.Secret{Name: "key"})
		require.Equal(t, "one", reveal(t, src))
		from.err = errors.New("the metadata server is away")
		time.Sleep(time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.ErrorIs(t, fail(t, m.Secret(ongcp.Secret{Name: "key"})), from.err)
	})
}

// A service that does not answer is waited for no longer than 20 s.
func TestAServiceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		m, err := ongcp.New("my-project", &tokens{}, ongcp.WithClient(client.WithTransport(rt)))
		require.NoError(t, err)
		began := time.Now()
		require.ErrorIs(t, fail(t, m.Secret(ongcp.Secret{Name: "key"})), client.ErrTimeout)
		require.Equal(t, 20*time.Second, time.Since(began))
	})
}

// Endpoints and names are those of the reference, "Regional secrets" included.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]ongcp.Option{
		"https://secretmanager.googleapis.com/v1/projects/my-project/secrets/key/versions/latest:access":                                         nil,
		"https://secretmanager.europe-west3.rep.googleapis.com/v1/projects/my-project/locations/europe-west3/secrets/key/versions/latest:access": {ongcp.WithLocation("europe-west3")},
		"https://emulator.test/v1/projects/my-project/secrets/key/versions/latest:access":                                                        {ongcp.WithEndpoint("https://emulator.test")},
	} {
		got := ""
		rt := transport(func(r *http.Request) (*http.Response, error) {
			got = r.URL.String()
			return nil, errors.New("refused")
		})
		m, err := ongcp.New("my-project", &tokens{}, append(opts, ongcp.WithClient(client.WithTransport(rt), client.WithRetry(retry.Never)))...)
		require.NoError(t, err)
		fail(t, m.Secret(ongcp.Secret{Name: "key"}))
		require.Equal(t, want, got)
	}
	f := newFake()
	f.prefix = "projects/my-project/locations/europe-west3/secrets/key"
	f.put("regional")
	require.Equal(t, "regional", reveal(t, f.manager(t, ongcp.WithLocation("europe-west3")).Secret(ongcp.Secret{Name: "key"})))
}

// X2
func TestBadInput(t *testing.T) {
	t.Parallel()
	manager := func(project string, from oauth2.TokenSource, opts ...ongcp.Option) error {
		_, err := ongcp.New(project, from, opts...)
		return err
	}
	m := newFake().manager(t)
	for name, err := range map[string]error{
		"no project":        manager("", &tokens{}),
		"a path":            manager("projects/p", &tokens{}),
		"no tokens":         manager("p", nil),
		"odd location":      manager("p", &tokens{}, ongcp.WithLocation("a.b/c")),
		"empty endpoint":    manager("p", &tokens{}, ongcp.WithEndpoint("")),
		"plain http":        manager("p", &tokens{}, ongcp.WithEndpoint("http://emulator.test")),
		"no interval":       manager("p", &tokens{}, ongcp.WithInterval(0)),
		"negative grace":    manager("p", &tokens{}, ongcp.WithGrace(-1)),
		"no name":           secret.Check(m.Secret(ongcp.Secret{})),
		"a path as name":    secret.Check(m.Secret(ongcp.Secret{Name: "projects/p/secrets/k"})),
		"odd version":       secret.Check(m.Secret(ongcp.Secret{Name: "k", Version: "1/2"})),
		"negative versions": secret.Check(m.Secret(ongcp.Secret{Name: "k", Versions: -1})),
		"too many versions": secret.Check(m.Secret(ongcp.Secret{Name: "k", Versions: 11})),
		"both":              secret.Check(m.Secret(ongcp.Secret{Name: "k", Versions: 2, Version: "1"})),
	} {
		require.Error(t, err, name)
		require.Contains(t, err.Error(), "ongcp: ", name)
	}
	require.NoError(t, manager("example.com:my-project", &tokens{}))
	require.NoError(t, secret.Check(m.Secret(ongcp.Secret{Name: "k", Versions: 10})))
}

// C17, C36: the place of a secret is what tells it from others, in every process.
func TestIdentity(t *testing.T) {
	t.Parallel()
	of := func(src secret.Source) string { return src.(interface{ Identity() string }).Identity() }
	f := newFake()
	m := f.manager(t)
	one := of(m.Secret(ongcp.Secret{Name: "k"}))
	require.Len(t, one, 32)
	require.Equal(t, one, of(f.manager(t).Secret(ongcp.Secret{Name: "k", Versions: 2, Version: ""})))
	for _, other := range []secret.Source{
		m.Secret(ongcp.Secret{Name: "k2"}), m.Secret(ongcp.Secret{Name: "k", Field: "f"}), m.Secret(ongcp.Secret{Name: "k", Version: "1"}),
		f.manager(t, ongcp.WithLocation("europe-west3")).Secret(ongcp.Secret{Name: "k"}),
	} {
		require.NotEqual(t, one, of(other))
	}
}
