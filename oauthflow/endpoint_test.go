package oauthflow_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

func tokenError(t *testing.T, err error) *oauthflow.TokenError {
	t.Helper()
	te, ok := errors.AsType[*oauthflow.TokenError](err)
	require.True(t, ok, "%v", err)
	return te
}

func TestO2_AuthStyleIsExplicit(t *testing.T) {
	t.Parallel()
	cfg := oauthflow.Config{
		Provider:     oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.example.com/token"}},
		ClientID:     "web",
		ClientSecret: secret.Static("s"),
	}
	_, err := oauthflow.New(cfg)
	require.ErrorContains(t, err, "AuthStyle")
	cfg.ClientSecret = nil
	_, err = oauthflow.New(cfg)
	require.NoError(t, err, "a public client has nothing to choose")
}

// O2
func TestO2_ACodeIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 408, 429, 500, 502, 503, 504} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Retry-After", "11")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			}, func(cfg *oauthflow.Config) { cfg.ClientSecret = rotating("first", "second") })
			_, err := c.Exchange(t.Context(), "the-code", "the-verifier")
			te := tokenError(t, err)
			require.EqualValues(t, 1, calls.Load())
			require.Equal(t, status, te.Status)
			require.Equal(t, status >= 500 || status == 408, te.MaybeApplied)
			require.Equal(t, 11*time.Second, te.RetryAfter)
			require.Equal(t, "exchange code", te.Op)
			if te.MaybeApplied {
				require.ErrorContains(t, err, "may have taken effect")
			}
		})
	}
}

// A connection that was kept alive and dies under the request tempts transports
// to send again.
func TestO2_ACodeIsNotSentAgainOnAnotherConnection(t *testing.T) {
	t.Parallel()
	var codes atomic.Int32
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") == "" {
			_, _ = io.WriteString(w, `{"access_token":"a"}`)
			return
		}
		codes.Add(1)
		panic(http.ErrAbortHandler)
	}, nil)
	for range 3 {
		_, err := c.Refresh(t.Context(), refreshable) // leaves an idle connection
		require.NoError(t, err)
		codes.Store(0)
		_, err = c.Exchange(t.Context(), "the-code", "")
		require.True(t, tokenError(t, err).MaybeApplied)
		require.EqualValues(t, 1, codes.Load())
	}
}

// rotating is a source whose value changes when it is refreshed.
func rotating(values ...string) secret.Source { return &rotatingSource{values: values} }

type rotatingSource struct {
	values []string
	n      atomic.Int32
}

func (r *rotatingSource) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New(r.values[min(int(r.n.Load()), len(r.values)-1)])}, nil
}

func (r *rotatingSource) Refresh(context.Context) error { r.n.Add(1); return nil }

// X3
func TestX3_RotatedClientSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	var seen []string
	h := func(w http.ResponseWriter, r *http.Request) {
		_, pass, _ := r.BasicAuth()
		seen = append(seen, pass)
		if pass != "second" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}
	c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.ClientSecret = rotating("first", "second") })
	_, err := c.Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, seen)

	seen = nil
	c = tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.ClientSecret = secret.Static("wrong") })
	_, err = c.Refresh(t.Context(), refreshable)
	require.Equal(t, "invalid_client", tokenError(t, err).Code)
	require.Equal(t, []string{"wrong"}, seen, "the same secret is not tried twice")
}

// movedOn is a source that is rotated by somebody else, and cannot be made to read again.
type movedOn struct{ reads int }

func (s *movedOn) Secrets(context.Context) ([]secret.Value, error) {
	s.reads++
	return []secret.Value{secret.New([]string{"first", "first", "first", "second"}[min(s.reads, 4)-1])}, nil
}

func (*movedOn) Refresh(context.Context) error { return errVault }

// X3: a secret that is another by now is tried, whoever rotated it; and one that
// cannot be had is asked for once.
func TestX3_ASecretThatHasMovedOn(t *testing.T) {
	t.Parallel()
	var seen []string
	h := func(w http.ResponseWriter, r *http.Request) {
		_, pass, _ := r.BasicAuth()
		if seen = append(seen, pass); pass != "second" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}
	src := new(movedOn)
	c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.ClientSecret = src })
	src.reads = 1
	_, err := c.Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, seen)

	reads := 0
	c = tokenEndpoint(t, h, func(cfg *oauthflow.Config) {
		cfg.ClientSecret = secret.Func(func(context.Context) ([]secret.Value, error) {
			reads++
			return nil, errVault
		})
	})
	reads = 0
	_, err = c.Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, errVault)
	require.Equal(t, 1, reads)
}

// X3: the secret is looked up again only after a refusal of the client, not after
// an error of the server that names one: the request may have taken effect.
func TestX3_OnlyARefusalHasTheSecretReadAgain(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int32{
		200: 1, 202: 1, 400: 2, 401: 2, 403: 1, 404: 1, 408: 1, 429: 1, 500: 1, 502: 1, 503: 1,
	} {
		var calls atomic.Int32
		c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
		}, func(cfg *oauthflow.Config) { cfg.ClientSecret = rotating("first", "second") })
		_, err := c.Refresh(t.Context(), refreshable)
		require.Equal(t, "invalid_client", tokenError(t, err).Code)
		require.Equal(t, want, calls.Load(), status)
	}
	for _, body := range []string{`{"error":"invalid_grant"}`, `{"error":"invalid_client"`, `{"code":"invalid_client"}`, ``} {
		var calls atomic.Int32
		c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, body)
		}, func(cfg *oauthflow.Config) { cfg.ClientSecret = rotating("first", "second") })
		_, err := c.Refresh(t.Context(), refreshable)
		require.Error(t, err)
		require.EqualValues(t, 1, calls.Load(), body)
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	const id, pass = "web post:odd%id", "p@ss:w+rd/ %&=é-secret"
	var got *http.Request
	h := func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		got = r
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	}
	t.Run("basic, form-encoded first", func(t *testing.T) {
		c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.ClientID, cfg.ClientSecret = id, secret.Static(pass) })
		_, err := c.Refresh(t.Context(), refreshable)
		require.NoError(t, err)
		text, ok := strings.CutPrefix(got.Header.Get("Authorization"), "Basic ")
		require.True(t, ok)
		raw, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		require.Equal(t, "web+post%3Aodd%25id:p%40ss%3Aw%2Brd%2F+%25%26%3D%C3%A9-secret", string(raw))
		require.False(t, got.PostForm.Has("client_id"))
		require.False(t, got.PostForm.Has("client_secret"))
	})
	t.Run("parameters", func(t *testing.T) {
		c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) {
			cfg.ClientID, cfg.ClientSecret = id, secret.Static(pass)
			cfg.Provider.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		})
		_, err := c.Refresh(t.Context(), refreshable)
		require.NoError(t, err)
		require.Empty(t, got.Header.Get("Authorization"))
		require.Equal(t, id, got.PostForm.Get("client_id"))
		require.Equal(t, pass, got.PostForm.Get("client_secret"))
	})
	t.Run("public", func(t *testing.T) {
		c := tokenEndpoint(t, h, func(cfg *oauthflow.Config) { cfg.ClientID, cfg.ClientSecret = id, nil })
		_, err := c.Refresh(t.Context(), refreshable)
		require.NoError(t, err)
		require.Empty(t, got.Header.Get("Authorization"))
		require.Equal(t, id, got.PostForm.Get("client_id"))
		require.False(t, got.PostForm.Has("client_secret"))
	})
	t.Run("JSON body", func(t *testing.T) {
		c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "application/json", r.Header.Get("Content-Type"))
			var m map[string]string
			require.NoError(t, json.NewDecoder(r.Body).Decode(&m))
			require.Equal(t, map[string]string{
				"grant_type": "refresh_token", "refresh_token": "rt-old", "client_id": "web", "client_secret": "a<b",
			}, m)
			_, _ = io.WriteString(w, `{"access_token":"a"}`)
		}, func(cfg *oauthflow.Config) {
			cfg.Provider.JSONBody, cfg.ClientSecret = true, secret.Static("a<b")
			cfg.Provider.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		})
		_, err := c.Refresh(t.Context(), refreshable)
		require.NoError(t, err)
	})
}

func TestO8_NoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var elsewhere atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
			t.Cleanup(other.Close)
			c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL, status)
			}, nil)
			_, err := c.Exchange(t.Context(), "code", "verifier")
			require.ErrorIs(t, err, oauthflow.ErrRedirect)
			require.Equal(t, status, tokenError(t, err).Status)
			require.Zero(t, elsewhere.Load())
		})
	}
}

func TestO8_CallersRedirectPolicyAndCookiesAreNotUsed(t *testing.T) {
	t.Parallel()
	hc := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	c, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: srv.URL}}, ClientID: "cli",
	}, oauthflow.WithHTTPClient(hc))
	require.NoError(t, err)
	_, err = c.Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, oauthflow.ErrRedirect)
}

// O8
func TestO8_ErrorsNeverCarryTheRawBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"<html>RAW-BODY</html>", "RAW-BODY", `{"debug":"RAW-BODY"}`, `{"error":{"message":"RAW-BODY"}}`, `{"error":"invalid_grant","trace":"RAW-BODY"`,
	} {
		for _, status := range []int{200, 400, 500} {
			_, err := answering(t, status, "text/html", body, nil).Refresh(t.Context(), refreshable)
			require.Error(t, err)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "RAW-BODY")
		}
	}
}

func TestServerTextIsQuotedAndLimited(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(map[string]string{
		"error": "invalid_grant", "error_description": "line\nbreak \x1b[31m " + strings.Repeat("é\x00", 4000), "error_uri": strings.Repeat("u", 5000),
	})
	require.NoError(t, err)
	_, err = answering(t, 400, "application/json", string(body), nil).Refresh(t.Context(), refreshable)
	te := tokenError(t, err)
	require.LessOrEqual(t, len(te.Description), 1024)
	require.LessOrEqual(t, len(te.URI), 1024)
	require.Less(t, len(err.Error()), 1400)
	require.NotContains(t, err.Error(), "\n")
	require.NotContains(t, err.Error(), "\x1b")
}

// Which failures leave it open whether the request took effect.
func TestMaybeApplied(t *testing.T) {
	t.Parallel()
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := refused.Addr().String()
	require.NoError(t, refused.Close())
	client := func(tokenURL string, rt http.RoundTripper) *oauthflow.Client {
		c, err := oauthflow.New(oauthflow.Config{
			Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: tokenURL}}, ClientID: "cli",
		}, oauthflow.WithHTTPClient(&http.Client{Transport: rt}))
		require.NoError(t, err)
		return c
	}

	_, err = client("http://"+address+"/token", nil).Refresh(t.Context(), refreshable)
	require.False(t, tokenError(t, err).MaybeApplied, "refused before a byte: %v", err)

	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, err = client("https://"+plain.Listener.Addr().String()+"/token", nil).Refresh(t.Context(), refreshable)
	require.False(t, tokenError(t, err).MaybeApplied, "no TLS, so nothing sent: %v", err)

	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client("http://"+address+"/token", nil).Refresh(done, refreshable)
	require.False(t, tokenError(t, err).MaybeApplied)
	require.ErrorIs(t, err, context.Canceled)

	_, err = client("https://auth.example.com/token", failing{errors.New("no idea")}).Refresh(t.Context(), refreshable)
	require.True(t, tokenError(t, err).MaybeApplied, "a transport that does not say may have sent")
	_, err = client("https://auth.example.com/token", failing{&net.OpError{Op: "dial", Err: errors.New("x")}}).Refresh(t.Context(), refreshable)
	require.False(t, tokenError(t, err).MaybeApplied)
	_, err = client("https://auth.example.com/token", failing{&net.DNSError{Err: "no such host"}}).Refresh(t.Context(), refreshable)
	require.False(t, tokenError(t, err).MaybeApplied)

	given, giveUp := context.WithCancelCause(t.Context())
	defer giveUp(nil)
	hanging := tokenEndpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		giveUp(context.DeadlineExceeded) // the time is over once the request has arrived
		<-r.Context().Done()
	}, nil)
	_, err = hanging.Refresh(given, refreshable)
	require.True(t, tokenError(t, err).MaybeApplied, "sent, and no answer")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

var errNetwork = errors.New("the network is away")

type failing struct{ err error }

func (f failing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, f.err
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	c := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Mon, 05 Jan 2037 10:00:00 GMT")
		w.Header().Set("Retry-After", "Mon, 05 Jan 2037 10:00:30 GMT")
		w.WriteHeader(http.StatusTooManyRequests)
	}, nil)
	_, err := c.Refresh(t.Context(), refreshable)
	require.Equal(t, 30*time.Second, tokenError(t, err).RetryAfter)
}

func TestRefreshURL(t *testing.T) {
	t.Parallel()
	c := tokenEndpoint(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"`+strings.TrimPrefix(r.URL.Path, "/")+`"}`)
	}, func(cfg *oauthflow.Config) {
		u, err := url.Parse(cfg.Provider.Endpoint.TokenURL)
		require.NoError(t, err)
		cfg.Provider.RefreshURL = u.JoinPath("../refresh").String()
	})
	tok, err := c.Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	require.Equal(t, "refresh", tok.AccessToken)
	tok, err = c.Exchange(t.Context(), "code", "")
	require.NoError(t, err)
	require.Equal(t, "token", tok.AccessToken)
}
