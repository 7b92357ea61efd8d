package compare_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/compare"
)

// measure puts the behaviours to the subjects side by side, so that their waits
// overlap, and returns the outcomes by behaviour.
func measure[S compare.Named](t *testing.T, table compare.Table[S], subjects ...S) map[string][]compare.Outcome {
	t.Helper()
	var mu sync.Mutex
	got := map[string][]compare.Outcome{}
	t.Run("rows", func(t *testing.T) {
		for _, row := range table.Rows() {
			t.Run(row.ID, func(t *testing.T) {
				t.Parallel()
				r, err := table.Only(row.ID).Measure(t.Context(), subjects)
				require.NoError(t, err)
				require.Len(t, r.Rows, 1)
				mu.Lock()
				defer mu.Unlock()
				got[row.ID] = r.Rows[0].Outcomes
			})
		}
	})
	require.Len(t, got, len(table.Behaviours))
	return got
}

// caught requires that every behaviour finds at least one of the subjects wanting, and
// that no wrong one is let off as not covered.
func caught[S compare.Named](t *testing.T, table compare.Table[S], subjects ...S) {
	t.Helper()
	for id, outcomes := range measure(t, table, subjects...) {
		wanting := 0
		for _, o := range outcomes {
			require.NotEqual(t, compare.NotCovered, o.Verdict, "%s: %s", id, o.Text)
			if o.Verdict != compare.Holds {
				wanting++
			}
		}
		require.NotZero(t, wanting, "%s: %v", id, outcomes)
	}
}

func TestNaiveCallerIsCaught(t *testing.T) {
	t.Parallel()
	caught(t, compare.Calls(), compare.Caller{Subject: compare.Subject{Name: "naive"}, Open: naiveCaller})
}

// naiveCaller makes each mistake that a row of Calls looks for.
func naiveCaller(svc compare.Service) (compare.Do, error) {
	hc := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
		u := svc.URL + r.Path
		if svc.Credential.Query != "" {
			u += "?" + url.Values{svc.Credential.Query: {svc.Credential.Key}}.Encode()
		}
		body := bytes.NewBuffer(r.Body) // which the first attempt uses up
		var err error
		for range 2 {
			var req *http.Request
			if req, err = http.NewRequestWithContext(ctx, r.Method, u, body); err != nil {
				return compare.Reply{}, err
			}
			if name, value := svc.Credential.Pair(); name != "" {
				req.Header.Set(name, value)
			}
			var resp *http.Response
			if resp, err = hc.Do(req); err != nil {
				continue // also what may have been done
			}
			if resp.StatusCode == http.StatusOK {
				data, _ := io.ReadAll(resp.Body) // all of it, or what there is
				return compare.Reply{Status: resp.StatusCode, Body: data}, nil
			}
			err = errors.New("it did not work") // and the body is left unread, and open
			if n, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil {
				// Whatever the context says. A test cannot wait for two minutes.
				time.Sleep(min(time.Duration(n)*time.Second, 3*time.Second))
			}
		}
		return compare.Reply{}, err
	}, nil
}

func TestNaiveKeeperIsCaught(t *testing.T) {
	t.Parallel()
	caught(t, compare.Grants(), compare.Keeper{Subject: compare.Subject{Name: "naive"}, Open: naiveKeeper})
}

// naiveKeeper refreshes whenever it has no token, and forgets the grant when that
// fails.
func naiveKeeper(g compare.Grant) (compare.StartProcess, error) {
	var mu sync.Mutex
	access, refresh := "", g.RefreshToken
	return func() (compare.Handler, error) {
		return func(ctx context.Context) (string, error) {
			mu.Lock()
			has, with := access, refresh
			mu.Unlock()
			if has != "" {
				return has, nil
			}
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {with}}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.TokenURL, strings.NewReader(form.Encode()))
			if err != nil {
				return "", err
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			var out struct {
				Access  string `json:"access_token"`
				Refresh string `json:"refresh_token"`
			}
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				defer resp.Body.Close()
				err = json.NewDecoder(resp.Body).Decode(&out)
			}
			mu.Lock()
			defer mu.Unlock()
			access, refresh = out.Access, out.Refresh
			if err == nil && access == "" {
				err = errors.New("no token")
			}
			return access, err
		}, nil
	}, nil
}

func TestNaiveReceiverIsCaught(t *testing.T) {
	t.Parallel()
	caught(t, compare.Hooks(), compare.Receiver{
		Subject: compare.Subject{Name: "naive"}, Sender: compare.Stripe(), ReadsBody: true,
		Open: func(...string) (compare.Accept, error) {
			return func(r *http.Request) error {
				_, err := io.Copy(io.Discard, r.Body)
				return err
			}, nil
		},
	})
}

func TestNaiveCheckersAreCaught(t *testing.T) {
	t.Parallel()
	caught(t, compare.Tokens(),
		compare.Checker{Subject: compare.Subject{Name: "believes"}, Fetches: true, Open: believes},
		compare.Checker{Subject: compare.Subject{Name: "asks for the one form"}, Fetches: true, Open: pedant})
}

// believes reads the subject of whatever looks like a token, and has the keys fetched
// for the look of it.
func believes(_ context.Context, iss compare.Issuer) (compare.Check, error) {
	return func(_ context.Context, token string) (string, error) {
		resp, err := http.Get(iss.KeysURL)
		if err != nil {
			return "", err
		}
		resp.Body.Close()
		parts := strings.Split(token, ".")
		if len(parts) < 2 {
			return "", errors.New("no token")
		}
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		var claims struct{ Sub string }
		err = json.Unmarshal(payload, &claims)
		return claims.Sub, err
	}, nil
}

// pedant takes tokens whose header is written in one way only, and goes on to believe
// them.
func pedant(ctx context.Context, iss compare.Issuer) (compare.Check, error) {
	check, err := believes(ctx, iss)
	return func(ctx context.Context, token string) (string, error) {
		want := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"k1","typ":"JWT"}`))
		if !strings.HasPrefix(token, want+".") {
			return "", errors.New("another header")
		}
		return check(ctx, token)
	}, err
}
