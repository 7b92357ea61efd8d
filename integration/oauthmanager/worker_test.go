package oauthmanager_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// jobVariable makes the test binary a worker process instead.
const jobVariable = "STANDPIPE_OAUTH_JOB"

const (
	tokenKey     = "user:42/oidc"
	clientID     = "web"
	clientSecret = "web-secret-web-secret-web-secret-1"
)

// job is what a worker process is told.
type job struct {
	Name       string
	Database   database
	TokenURL   string // the recording gateway
	UserInfo   string
	ReauthURL  string // told when the user is needed
	Goroutines int
	Until      time.Time
	Once       time.Time // when to ask once, and for nothing else
	Lease      time.Duration
}

// report is what a worker process has to say at its end.
type report struct {
	Name    string
	Tokens  int64 // tokens asked for
	Calls   int64 // calls of the resource
	Again   int64 // of which after a 401 and a refresh
	Reauth  int64 // calls that ended in ErrReauthorizationRequired
	Refresh int64 // calls that ended in a *RefreshError
	Failed  int64 // calls that failed in any other way
	Access  string
	At      time.Time // when it got it
	Errors  map[string]int
}

func newManager(d database, tokenURL, worker string, opts ...tokens.Option) (*tokens.Manager, error) {
	store, err := d.store()
	if err != nil {
		return nil, err
	}
	sealed, err := tokens.Encrypt(store, secret.Static(storeKey))
	if err != nil {
		return nil, err
	}
	client, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{Name: "oidc-provider", Endpoint: oauth2.Endpoint{TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInHeader}},
		ClientID: clientID, ClientSecret: secret.Static(clientSecret),
	}, oauthflow.WithHTTPClient(&http.Client{Transport: named{worker}}))
	if err != nil {
		return nil, err
	}
	return tokens.New(sealed, client, opts...)
}

// named tells the gateway who is asking.
type named struct{ worker string }

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Worker", n.worker)
	return http.DefaultTransport.RoundTrip(req)
}

func work(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r, err := j.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return 2
	}
	return 0
}

func (j job) run() (*report, error) {
	m, err := newManager(j.Database, j.TokenURL, j.Name, tokens.WithLease(j.Lease),
		tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) {
			body, _ := json.Marshal(err)
			if resp, err := http.Post(j.ReauthURL, "application/json", bytes.NewReader(body)); err == nil {
				resp.Body.Close()
			}
		}),
		tokens.OnFailure(func(_ context.Context, _ string, err error) { fmt.Fprintf(os.Stderr, "%s: %v\n", j.Name, err) }))
	if err != nil {
		return nil, err
	}
	if !j.Once.IsZero() {
		return j.once(m)
	}
	w := &worker{job: j, report: report{Name: j.Name, Errors: map[string]int{}}, hc: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: j.Goroutines}, Timeout: 20 * time.Second,
	}}
	var wg sync.WaitGroup
	for range j.Goroutines {
		wg.Go(func() { w.loop(m.Source(tokenKey)) })
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := m.Shutdown(ctx); err != nil {
		return nil, err
	}
	return &w.report, nil
}

// once asks for the token at the moment that all processes do.
func (j job) once(m *tokens.Manager) (*report, error) {
	time.Sleep(time.Until(j.Once))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tok, err := m.Token(ctx, tokenKey)
	if err != nil {
		return nil, err
	}
	return &report{Name: j.Name, Tokens: 1, Access: tok.AccessToken, At: time.Now()}, m.Shutdown(ctx)
}

type worker struct {
	job
	report
	hc *http.Client
	mu sync.Mutex // guards Errors
}

// loop asks for the token all the time, and every couple of seconds calls the
// resource with it.
func (w *worker) loop(src *tokens.Source) {
	next := time.Now().Add(rand.N(2 * time.Second))
	for time.Now().Before(w.Until) {
		if err := w.step(src, time.Now().After(next)); err != nil {
			w.count(err)
			time.Sleep(200 * time.Millisecond)
		}
		if time.Now().After(next) {
			next = time.Now().Add(time.Second + rand.N(3*time.Second))
		}
		time.Sleep(10*time.Millisecond + rand.N(30*time.Millisecond))
	}
}

func (w *worker) step(src *tokens.Source, call bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	atomic.AddInt64(&w.Tokens, 1)
	asked := time.Now()
	tok, err := src.TokenContext(ctx)
	if err != nil {
		return err
	}
	if !tok.Expiry.IsZero() && asked.After(tok.Expiry) {
		return fmt.Errorf("a token was handed out that had ended %s before it was asked for", asked.Sub(tok.Expiry))
	}
	if !call {
		return nil
	}
	atomic.AddInt64(&w.Calls, 1)
	status, err := w.userInfo(ctx, tok)
	if err == nil && status == http.StatusUnauthorized {
		// What a client does: refresh the token that failed, and replay once.
		atomic.AddInt64(&w.Again, 1)
		if tok, err = src.RefreshToken(ctx, tok); err != nil {
			return err
		}
		status, err = w.userInfo(ctx, tok)
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("userinfo answered %d", status)
	}
	return err
}

func (w *worker) userInfo(ctx context.Context, tok *oauth2.Token) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.UserInfo, nil)
	if err != nil {
		return 0, err
	}
	tok.SetAuthHeader(req)
	resp, err := w.hc.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func (w *worker) count(err error) {
	if _, ok := errors.AsType[*tokens.RefreshError](err); ok {
		atomic.AddInt64(&w.Refresh, 1)
	} else if errors.Is(err, tokens.ErrReauthorizationRequired) {
		atomic.AddInt64(&w.Reauth, 1)
	} else {
		atomic.AddInt64(&w.Failed, 1)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if text := err.Error(); len(w.Errors) < 20 {
		w.Errors[strings.ToValidUTF8(text[:min(len(text), 300)], "?")]++
	}
}
