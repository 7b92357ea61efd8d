package onvault_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/on/vault"
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

// X1, X2, X3: what every source promises.
func TestSourceKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
		f := newFake()
		put := func(values ...string) {
			for i := len(values) - 1; i >= 0; i-- {
				f.put("app/key", text(values[i]))
			}
		}
		put(values...)
		return sourcetest.Backend{
			Source: f.vault(t, role()).Secret(onvault.KV{Path: "app/key", Versions: max(len(values), 1)}),
			Set:    put,
			Pass:   func() { time.Sleep(time.Minute) },
			Away:   func() { f.set(func(f *fake) { f.status = 503 }) },
		}
	})
}

func TestASecretIsReadOnceAMinuteForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("app/key", text("one"))
		src := f.vault(t, role()).Secret(onvault.KV{Path: "/app/key/"})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got, err := secret.Current(t.Context(), src); err != nil || got.Reveal() != "one" {
					t.Errorf("%v %v", got, err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, f.count("secret/data/app/key"))
		require.Equal(t, 1, f.count("auth/approle/login"))

		f.put("app/key", text("two"))
		time.Sleep(time.Minute - 1)
		require.Equal(t, "one", reveal(t, src))
		time.Sleep(time.Nanosecond)
		require.Equal(t, "two", reveal(t, src))
		f.put("app/key", text("three"))
		require.NoError(t, secret.Refresh(t.Context(), src)) // as a client does after a 401
		require.Equal(t, "three", reveal(t, src))
	})
}

// With several versions the one before is accepted too, unless it was deleted.
func TestVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		v := f.vault(t, role())
		for _, step := range []struct{ put, one, two, four string }{
			{"a", "a", "a", "a"},
			{"b", "b", "b a", "b a"},
			{"", "b", "b", "b a"}, // a version that was deleted: "c"
			{"d", "d", "d", "d b a"},
			{"e", "e", "e d", "e d b"},
		} {
			if step.put == "" {
				f.set(func(f *fake) { f.versions["k"] = append(f.versions["k"], nil) })
				continue
			}
			f.put("k", text(step.put))
			for versions, want := range map[int]string{0: step.one, 1: step.one, 2: step.two, 4: step.four} {
				require.Equal(t, want, reveal(t, v.Secret(onvault.KV{Path: "k", Versions: versions})), "%d versions after %s", versions, step.put)
			}
		}
	})
}

// A replica that lags takes nobody back to the secret before.
func TestAnOlderVersionIsAReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("k", text("one"))
		f.put("k", text("two"))
		src := f.vault(t, role(), onvault.WithInterval(time.Second)).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "two", reveal(t, src))
		f.set(func(f *fake) { f.behind = 1 })
		time.Sleep(30 * time.Second)
		require.Equal(t, "two", reveal(t, src))
		time.Sleep(30 * time.Second)
		require.Equal(t, "one", reveal(t, src), "after a minute it was made anew")
	})
}

// While Vault is away the last secret serves, for so long; what Vault has taken away
// does not, also when it is away later.
func TestVaultAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("k", text("one"))
		src := f.vault(t, role(), onvault.WithGrace(10*time.Minute)).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { f.status = 503 })
		time.Sleep(9 * time.Minute)
		require.Equal(t, "one", reveal(t, src))
		time.Sleep(2 * time.Minute)
		_, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, client.ErrUnavailable)
		require.ErrorContains(t, err, `onvault: "k" of "secret"`)
		require.ErrorContains(t, err, "Vault is sealed")

		f.set(func(f *fake) { f.status = 0 })
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { f.versions["k"][0] = nil })
		time.Sleep(time.Minute)
		_, err = src.Secrets(t.Context())
		require.ErrorIs(t, err, client.ErrNotFound)
		f.set(func(f *fake) { f.status = 503 })
		_, err = src.Secrets(t.Context())
		require.ErrorIs(t, err, client.ErrUnavailable)

		f = newFake()
		f.put("k", text("one"))
		src = f.vault(t, role(), onvault.WithGrace(0)).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { f.status = 503 })
		time.Sleep(time.Minute)
		_, err = src.Secrets(t.Context())
		require.ErrorIs(t, err, client.ErrUnavailable)
	})
}

// A token is renewed by whoever comes when two thirds of its time have passed, and had
// anew when it cannot be any more.
func TestATokenIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.ttl, f.maxTTL = time.Hour, 3*time.Hour
		f.put("k", text("one"))
		src := f.vault(t, role()).Secret(onvault.KV{Path: "k"})
		for range 10 * 60 { // ten hours
			require.Equal(t, "one", reveal(t, src))
			time.Sleep(time.Minute)
		}
		require.Equal(t, 4, f.count("auth/approle/login"), "every three hours, or a little before")
		require.GreaterOrEqual(t, f.count("auth/token/renew-self"), 9)
		require.LessOrEqual(t, f.count("auth/token/renew-self"), 20)
		time.Sleep(24 * time.Hour) // unused for longer than it lives
		require.Equal(t, "one", reveal(t, src))
		require.Equal(t, 5, f.count("auth/approle/login"))
	})
}

// A renewal that fails costs no call, as long as the token lives.
func TestARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.ttl = time.Hour
		f.put("k", text("one"))
		src := f.vault(t, role(), onvault.WithGrace(0)).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { f.fixed = true; delete(f.tokens, "x") })
		time.Sleep(45 * time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.Equal(t, 2, f.count("auth/approle/login"), "what cannot be renewed is had anew")
	})
}

// X3: a token that Vault takes back is had anew, once, and no call fails.
func TestX3_ATokenThatWasRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.put("k", text("one"))
		src := f.vault(t, role()).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "one", reveal(t, src))
		f.set(func(f *fake) { clear(f.tokens) })
		time.Sleep(time.Minute)
		f.put("k", text("two"))
		require.Equal(t, "two", reveal(t, src))
		require.Equal(t, 2, f.count("auth/approle/login"))
	})
}

// What a role may not do is no reason to log in again and again.
func TestWhatIsForbiddenIsNoLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.denied = true
		f.put("k", text("one"))
		src := f.vault(t, role()).Secret(onvault.KV{Path: "k"})
		for range 100 {
			_, err := src.Secrets(t.Context())
			require.ErrorIs(t, err, client.ErrForbidden)
			require.ErrorContains(t, err, "permission denied")
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, f.count("auth/approle/login"), 2)
	})
}

// A token of somebody else's is looked up, renewed, and read again when it is refused.
func TestTokenLogin(t *testing.T) {
	t.Setenv("VAULT_TEST_TOKEN", root)
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.ttl = time.Hour
		f.tokens[root] = time.Now().Add(time.Hour)
		f.put("k", text("one"))
		src := f.vault(t, onvault.Token(secret.Env("VAULT_TEST_TOKEN"))).Secret(onvault.KV{Path: "k"})
		require.Equal(t, "one", reveal(t, src))
		require.Equal(t, 1, f.count("auth/token/lookup-self"))
		time.Sleep(45 * time.Minute)
		require.Equal(t, "one", reveal(t, src))
		require.Equal(t, 1, f.count("auth/token/renew-self"))

		f.set(func(f *fake) { clear(f.tokens); f.tokens["canary-second"] = time.Time{} })
		t.Setenv("VAULT_TEST_TOKEN", "canary-second")
		f.put("k", text("two"))
		time.Sleep(time.Minute)
		require.Equal(t, "two", reveal(t, src))
	})
}

// X1, X2
func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() error{
		"no address": func() error { _, err := onvault.New("", role()); return err },
		"plain http": func() error { _, err := onvault.New("http://vault.test", role()); return err },
		"no login":   func() error { _, err := onvault.New("https://vault.test", nil); return err },
		"no token":   func() error { _, err := onvault.New("https://vault.test", onvault.Token(nil)); return err },
		"blank token": func() error {
			_, err := onvault.New("https://vault.test", onvault.Token(secret.Static(" ")))
			return err
		},
		"no role": func() error {
			_, err := onvault.New("https://vault.test", onvault.AppRole(onvault.AppRoleConfig{}))
			return err
		},
		"blank secret ID": func() error {
			_, err := onvault.New("https://vault.test", onvault.AppRole(onvault.AppRoleConfig{RoleID: "r", SecretID: secret.Static("")}))
			return err
		},
		"empty namespace": func() error {
			_, err := onvault.New("https://vault.test", role(), onvault.WithNamespace("/"))
			return err
		},
		"no interval":    func() error { _, err := onvault.New("https://vault.test", role(), onvault.WithInterval(0)); return err },
		"negative grace": func() error { _, err := onvault.New("https://vault.test", role(), onvault.WithGrace(-1)); return err },
		"no path":        func() error { return secret.Check(newFake().vault(t, role()).Secret(onvault.KV{})) },
		"negative versions": func() error {
			return secret.Check(newFake().vault(t, role()).Secret(onvault.KV{Path: "k", Versions: -1}))
		},
		"too many versions": func() error {
			return secret.Check(newFake().vault(t, role()).Secret(onvault.KV{Path: "k", Versions: 11}))
		},
	} {
		err := make()
		require.Error(t, err, name)
		require.Contains(t, err.Error(), "onvault: ", name)
	}
	require.NoError(t, secret.Check(newFake().vault(t, role()).Secret(onvault.KV{Path: "k", Versions: 10})))
}

// What is no secret is an error that says why, and shows nothing of what lies there.
func TestWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.put("k", map[string]any{"number": 4711, "nothing": nil, "blank": " \n", "list": []string{"canary"}})
	f.put("v1", nil)
	v := f.vault(t, role())
	for field, want := range map[string]string{
		"absent": `it has no field "absent"`, "number": `its field "number" is no text`, "nothing": `its field "nothing" is no text`,
		"list": `its field "list" is no text`, "blank": `its field "blank": secret is blank`,
	} {
		_, err := v.Secret(onvault.KV{Path: "k", Field: field}).Secrets(t.Context())
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "canary")
		require.NotContains(t, err.Error(), "4711")
	}
	_, err := v.Secret(onvault.KV{Path: "none"}).Secrets(t.Context())
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = v.Secret(onvault.KV{Path: "../../sys/seal"}).Secrets(t.Context())
	require.Error(t, err)
	_, err = f.vault(t, onvault.AppRole(onvault.AppRoleConfig{RoleID: roleID, SecretID: secret.Static("canary-wrong")})).Secret(onvault.KV{Path: "k"}).Secrets(t.Context())
	require.ErrorContains(t, err, "invalid role or secret ID")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
}

// C17, C36: the place of a secret is what tells it from others, in every process.
func TestIdentity(t *testing.T) {
	t.Parallel()
	of := func(v *onvault.Vault, kv onvault.KV) string {
		i, ok := v.Secret(kv).(interface{ Identity() string })
		require.True(t, ok)
		return i.Identity()
	}
	f := newFake()
	v := f.vault(t, role())
	one := of(v, onvault.KV{Path: "k"})
	require.Equal(t, one, of(f.vault(t, onvault.Token(secret.Static(root))), onvault.KV{Mount: "secret", Path: "k", Field: "value", Versions: 2}))
	for _, other := range []string{of(v, onvault.KV{Path: "k2"}), of(v, onvault.KV{Path: "k", Field: "f"}), of(v, onvault.KV{Path: "k", Mount: "kv"}), of(f.vault(t, role(), onvault.WithNamespace("n")), onvault.KV{Path: "k"})} {
		require.NotEqual(t, one, other)
		require.Len(t, other, 32)
	}
}

// A caller who gives up waiting for a login takes nothing from the next.
func TestACallerWhoGivesUp(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.put("k", text("one"))
	src := f.vault(t, role()).Secret(onvault.KV{Path: "k"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := src.Secrets(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "one", reveal(t, src))
}
