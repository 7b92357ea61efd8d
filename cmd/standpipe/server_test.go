package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// application is a server with a real verifier, as a user would have one.
type application struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func serve(t *testing.T, scheme *webhook.Scheme) *application {
	t.Helper()
	app := &application{}
	app.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		app.mu.Lock()
		app.requests, app.bodies = append(app.requests, r), append(app.bodies, string(body))
		app.mu.Unlock()
		req := webhook.FromHTTP(r, body)
		if a, ok, err := scheme.Challenge(r.Context(), req); ok && err == nil {
			for name := range a.Header {
				w.Header().Set(name, a.Header.Get(name))
			}
			w.WriteHeader(a.Status)
			_, _ = w.Write(a.Body)
			return
		}
		if _, err := scheme.Verify(r.Context(), req); err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-App", "yes")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"received":true}`)
	}))
	t.Cleanup(app.Close)
	return app
}

func (a *application) lastBody() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bodies[len(a.bodies)-1]
}

func (a *application) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

func scheme(s *webhook.Scheme, err error) *webhook.Scheme {
	if err != nil {
		panic(err)
	}
	return s
}

func TestSend(t *testing.T) {
	t.Parallel()
	app := serve(t, scheme(webhook.Stripe(secret.Static("c4n4ry"))))
	right, wrong := file(t, "secret", "c4n4ry"), file(t, "wrong", "x")
	body := "{\"id\": \"é\"}\r\n"

	r := standpipe(t, "", "webhook", "send", "stripe", app.URL+"/hooks", file(t, "event.json", body), "-secret-file", right)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	require.Regexp(t, `^202 Accepted in .*\n  {\n    "received": true\n  }\n$`, r.out)
	require.Equal(t, body, app.lastBody())

	r = standpipe(t, body, "webhook", "send", "stripe", app.URL+"/hooks", "-", "-secret-file", wrong)
	require.Equal(t, exitRefused, r.status)
	require.Contains(t, r.out, "401 Unauthorized")

	r = standpipe(t, body, "webhook", "send", "stripe", "http://user:c4n4ry@127.0.0.1:1/?token=c4n4ry", "-secret-file", right)
	require.Equal(t, exitFailure, r.status)
	require.Contains(t, r.err, "sending to http://127.0.0.1:1/?token=[redacted]: ")
	require.NotContains(t, r.err, "c4n4ry")
}

// A delivery of an event that nobody named does nothing and is answered 200: that is
// said.
func TestSendSaysWhichEvent(t *testing.T) {
	t.Parallel()
	app, key := serve(t, scheme(webhook.GitHub(secret.Static("s3cr3t")))), file(t, "secret", "s3cr3t")
	send := func(flags ...string) string {
		r := standpipe(t, "{}", append([]string{"webhook", "send", "github", app.URL, "-secret-file", key}, flags...)...)
		require.Equal(t, exitOK, r.status, r.out+r.err)
		return r.err
	}
	require.Equal(t, "standpipe: sent with X-GitHub-Event: ping; name another event with -event\n", send())
	require.Empty(t, send("-event", "push"))
	require.Empty(t, send("-H", "X-GitHub-Event: push"))
}

func TestSendSignsTheURL(t *testing.T) {
	t.Parallel()
	secretFile := file(t, "secret", "token")
	app := serve(t, scheme(webhook.Twilio(secret.Static("token"), "https://public.example/hooks?a=b")))
	r := standpipe(t, "From=%2B1&Body=Hi", "webhook", "send", "twilio", app.URL+"/hooks?a=b", "-url", "https://public.example/hooks?a=b", "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, r.out+r.err)

	// A JSON body's hash is added to the URL that is called.
	r = standpipe(t, `{"a":1}`, "webhook", "send", "twilio", app.URL+"/hooks?a=b", "-url", "https://public.example/hooks?a=b", "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		v := scheme(webhook.Twilio(secret.Static("token"), "http://"+r.Host))
		if _, err := v.Verify(r.Context(), webhook.FromHTTP(r, body)); err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		}
	}))
	defer local.Close()
	r = standpipe(t, `{"a":1}`, "webhook", "send", "twilio", local.URL+"/hooks?a=b", "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, r.out+r.err)
}

func TestSendFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	r := standpipe(t, "{}", "webhook", "send", "stripe", srv.URL, "-secret-file", file(t, "secret", "s"))
	require.Equal(t, exitRefused, r.status)
	require.Contains(t, r.out, "307 Temporary Redirect")
	require.Equal(t, 1, calls)
}

func TestSendDoesNotPrintAnEchoedSecretOrControlCharacters(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "you sent "+r.Header.Get("Cf-Webhook-Auth")+" \x1b[31m")
	}))
	defer srv.Close()
	r := standpipe(t, "{}", "webhook", "send", "cloudflare", srv.URL, "-secret-file", file(t, "secret", "c4n4ry"))
	require.Equal(t, exitOK, r.status)
	require.Contains(t, r.out, "you sent [redacted] \ufffd[31m")
}

func TestSendCutsALongAnswer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("a", 10*maxAnswer))
	}))
	defer srv.Close()
	r := standpipe(t, "{}", "webhook", "send", "github", srv.URL, "-secret-file", file(t, "secret", "s"))
	require.Equal(t, exitOK, r.status)
	require.Less(t, len(r.out), 2*maxAnswer)
	require.Contains(t, r.out, "… (more than 65536 bytes)\n")
	require.Equal(t, 1, strings.Count(r.out, "more than"))
}

func TestSendTimesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	r := standpipe(t, "{}", "webhook", "send", "github", srv.URL, "-timeout", "50ms", "-secret-file", file(t, "secret", "s"))
	require.Equal(t, exitFailure, r.status)
	require.Contains(t, r.err, "deadline exceeded")
}

func TestSendChallenge(t *testing.T) {
	t.Parallel()
	src := secret.Static("c4n4ry")
	for name, s := range map[string]*webhook.Scheme{
		"x": scheme(webhook.X(src, nil)), "x-oauth2": scheme(webhook.X(nil, src)),
		"braintree": scheme(webhook.Braintree("public", src)), "slack": scheme(webhook.Slack(src)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := serve(t, s)
			args := []string{"webhook", "send", name, app.URL + "/hook?tenant=1", "-challenge", "-public-key", "public", "-secret-file"}
			r := standpipe(t, "", append(args, file(t, "secret", "c4n4ry"))...)
			require.Equal(t, exitOK, r.status, r.out+r.err)
			require.Contains(t, r.out, "the response is right")
			require.NotContains(t, r.out, "c4n4ry")

			r = standpipe(t, "", append(args, file(t, "secret", "x"))...)
			require.Equal(t, exitRefused, r.status, r.out+r.err)
		})
	}
}

// syncBuffer is a standard output that a test reads while the program writes.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// listen starts "webhook listen" and returns its address and output; stop ends it.
func listen(t *testing.T, args ...string) (address string, out *syncBuffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out = &syncBuffer{}
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"webhook", "listen", "-addr", "127.0.0.1:0"}, args...), strings.NewReader(""), out, out)
	}()
	var result int
	stop = sync.OnceValue(func() int {
		cancel()
		result = <-status
		return result
	})
	t.Cleanup(func() { stop() })
	require.Eventually(t, func() bool {
		m := regexp.MustCompile(`listening on (http://\S+)`).FindStringSubmatch(out.String())
		if m != nil {
			address = m[1]
		}
		return m != nil
	}, 10*time.Second, time.Millisecond)
	return address, out, stop
}

// A page in the browser of whoever listens, also one whose name resolves to
// this machine, puts nothing before the application.
func TestListenRefusesWhatABrowserSends(t *testing.T) {
	t.Parallel()
	app := serve(t, scheme(webhook.GitHub(secret.Static("c4n4ry"))))
	dir := filepath.Join(t.TempDir(), "deliveries")
	address, out, stop := listen(t, "-forward", app.URL, "-store", dir, "-host", "Hooks.Example.org.", "-host", "tunnel.test")
	port := address[strings.LastIndex(address, ":"):]
	for _, tc := range []struct {
		host   string
		header http.Header
		taken  bool
	}{
		{host: "", taken: true},
		{host: "localhost" + port, taken: true},
		{host: "LOCALHOST", taken: true},
		{host: "[::1]" + port, taken: true},
		{host: "[::1]", taken: true},
		{host: "192.0.2.7:4242", taken: true},
		{host: "hooks.example.org", taken: true},
		{host: "hooks.example.org.:443", taken: true},
		{host: "tunnel.test", taken: true},
		{host: "tunnel.test", header: http.Header{"Origin": {"https://tunnel.test"}, "Sec-Fetch-Site": {"same-origin"}}, taken: true},
		{host: "localhost", header: http.Header{"Sec-Fetch-Site": {"none"}}, taken: true},
		{host: "rebind.attacker.example" + port},
		{host: "localhost.attacker.example"},
		{host: "sub.tunnel.test"},
		{host: "2130706433"},
		{host: "app.localhost"},
		{header: http.Header{"Origin": {"https://attacker.example"}}},
		{header: http.Header{"Origin": {"null"}}},
		{header: http.Header{"Origin": {""}}},
		{header: http.Header{"Origin": {address, "https://attacker.example"}}},
		{header: http.Header{"Origin": {"http://127.0.0.1:1"}}},
		{header: http.Header{"Sec-Fetch-Site": {"cross-site"}}},
		{header: http.Header{"Sec-Fetch-Site": {"same-site"}}},
	} {
		before := app.count()
		req, err := http.NewRequest(http.MethodPost, address, strings.NewReader("{}"))
		require.NoError(t, err)
		req.Host = tc.host
		for name, values := range tc.header {
			req.Header[name] = values
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		if tc.taken {
			require.Equal(t, http.StatusUnauthorized, resp.StatusCode, "%q %v: the application's answer", tc.host, tc.header)
			require.Equal(t, before+1, app.count())
			continue
		}
		require.Equal(t, http.StatusForbidden, resp.StatusCode, "%q %v", tc.host, tc.header)
		require.Equal(t, before, app.count())
	}
	require.Contains(t, out.String(), `refused a request: the host "rebind.attacker.example" is not this listener's; if a tunnel leads here under that name, start with -host rebind.attacker.example`)
	require.Equal(t, exitOK, stop())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, app.count(), "what was refused is not stored")
}

func TestListenForwardsStoresAndReplays(t *testing.T) {
	t.Parallel()
	app := serve(t, scheme(webhook.GitHub(secret.Static("c4n4ry"))))
	dir := filepath.Join(t.TempDir(), "deliveries[1]")
	secretFile := file(t, "secret", "c4n4ry")
	address, out, stop := listen(t, "github", "-secret-file", secretFile, "-forward", app.URL+"/hooks/github", "-store", dir)

	body := "{\"ref\":\"é\", \"esc\":\"\\u001b\"}\r\n"
	req := webhooktest.GitHub("c4n4ry").WithEvent("push").WithID("delivery-1").WithURL(address+"/any?tenant=1").
		WithHeader("Authorization", "Bearer t0ken").Request([]byte(body))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusAccepted, resp.StatusCode, "the application's answer is passed on")
	require.Equal(t, "yes", resp.Header.Get("X-App"))
	require.JSONEq(t, `{"received":true}`, string(answer))

	require.Equal(t, body, app.lastBody())
	require.Equal(t, "/hooks/github", app.requests[0].URL.Path)
	require.Equal(t, "tenant=1", app.requests[0].URL.RawQuery)
	require.Equal(t, "Bearer t0ken", app.requests[0].Header.Get("Authorization"))
	require.Equal(t, "GitHub-Hookshot/044aadd", app.requests[0].UserAgent())

	shown := out.String()
	require.Contains(t, shown, "#1 ")
	require.Contains(t, shown, "POST /any?tenant=[redacted], 30 bytes")
	require.Contains(t, shown, "X-Github-Event: push")
	require.Contains(t, shown, "Authorization: [redacted]")
	require.Contains(t, shown, `    "ref": "é"`)
	require.Contains(t, shown, `genuine: github`)
	require.Contains(t, shown, "forwarded: 202 Accepted")
	require.NotContains(t, shown, "t0ken")
	require.NotContains(t, shown, "c4n4ry")

	// A delivery that does not verify is forwarded all the same.
	resp, err = http.DefaultClient.Do(webhooktest.GitHub("x").WithURL(address).Request([]byte("\xff\xfe")))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Contains(t, out.String(), "refused: webhook: github: signature does not match")
	require.Contains(t, out.String(), "(2 bytes that are not text)")
	require.Equal(t, exitOK, stop())

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	first := filepath.Join(dir, entries[0].Name())
	r := standpipe(t, "", "webhook", "verify", "github", first, "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, r.out+r.err)

	before := app.count()
	r = standpipe(t, "", "webhook", "replay", first, "-to", app.URL+"/hooks/github")
	require.Equal(t, exitOK, r.status, r.out+r.err)
	require.Equal(t, body, app.lastBody())
	require.Equal(t, "delivery-1", app.requests[before].Header.Get("X-GitHub-Delivery"))

	r = standpipe(t, "", "webhook", "replay", dir, "-to", app.URL)
	require.Equal(t, exitRefused, r.status, "the second one is a stranger's")
	require.Contains(t, r.out, "202 Accepted")
	require.Contains(t, r.out, "401 Unauthorized")
	require.Equal(t, before+3, app.count())

	r = standpipe(t, "", "webhook", "replay", dir, "-last", "1", "-to", app.URL, "-sign", "github", "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, "signed again it is genuine: "+r.out+r.err)
	require.Equal(t, before+4, app.count())
	require.Equal(t, "\xff\xfe", app.lastBody())
}

func TestReplaySignsWithTheTimeOfNow(t *testing.T) {
	t.Parallel()
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	app := serve(t, scheme(webhook.Svix(secret.Static(key))))
	secretFile := file(t, "secret", key)
	old := file(t, "old.http", captured(t, webhooktest.Svix(key).At(time.Now().Add(-24*time.Hour)).WithID("msg_1").WithHeader("X-Extra", "1"), `{"type":"a"}`))

	r := standpipe(t, "", "webhook", "replay", old, "-to", app.URL)
	require.Equal(t, exitRefused, r.status)
	r = standpipe(t, "", "webhook", "replay", old, "-to", app.URL, "-sign", "svix", "-secret-file", secretFile)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	require.Equal(t, "msg_1", app.requests[1].Header.Get("Svix-Id"))
	require.Equal(t, "1", app.requests[1].Header.Get("X-Extra"))

	r = standpipe(t, "", "webhook", "replay", old, "-to", app.URL, "-sign", "braintree", "-public-key", "p", "-secret-file", secretFile)
	require.Equal(t, exitUsage, r.status)
	require.Contains(t, r.err, "cannot be signed again")
	require.Equal(t, 2, app.count())
}

func TestListenAnswersWithoutForwarding(t *testing.T) {
	t.Parallel()
	address, out, stop := listen(t, "x", "-secret-file", file(t, "secret", "c4n4ry"))
	resp, err := http.DefaultClient.Do(webhooktest.XChallenge(address+"/hook", "token-1"))
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(body), webhooktest.XChallengeAnswer("c4n4ry", "token-1"))

	resp, err = http.DefaultClient.Do(webhooktest.X("c4n4ry").WithURL(address).Request([]byte("{}")))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, out.String(), "challenge: x, which")
	require.Contains(t, out.String(), "crc_token=[redacted]")
	require.Equal(t, exitOK, stop())
}

func TestListenWhenTheApplicationIsDown(t *testing.T) {
	t.Parallel()
	address, out, stop := listen(t, "-forward", "http://127.0.0.1:1/")
	resp, err := http.Post(address, "text/plain", strings.NewReader("hello\x1b[2J"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
	require.Contains(t, out.String(), "forwarding failed: sending to http://127.0.0.1:1/: ")
	require.Contains(t, out.String(), "hello\ufffd[2J")
	require.Equal(t, exitOK, stop())
}

// The response of -forward becomes the response, however long it is.
func TestListenForwardsALongAnswerWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 2*maxAnswer)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, long) }))
	defer srv.Close()
	address, out, stop := listen(t, "-forward", srv.URL)
	resp, err := http.Post(address, "text/plain", strings.NewReader("hello"))
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, len(long), len(body))
	require.Equal(t, exitOK, stop())
	require.Less(t, len(out.String()), 2*maxAnswer)
}

// A stored delivery that is not whole is not sent again without a word, all the less
// where it is signed again.
func TestReplaySaysWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	const key = "a secret of github"
	app := serve(t, scheme(webhook.GitHub(secret.Static(key))))
	whole := captured(t, webhooktest.GitHub(key), `{"a":1}`)
	damaged, secretFile := file(t, "damaged.http", whole[:len(whole)-3]), file(t, "secret", key)
	for _, more := range [][]string{nil, {"-sign", "github", "-secret-file", secretFile}} {
		r := standpipe(t, "", append([]string{"webhook", "replay", damaged, "-to", app.URL}, more...)...)
		require.Contains(t, r.out, "note: the body has 4 bytes but Content-Length says 7")
	}
	r := standpipe(t, "", "webhook", "replay", file(t, "whole.http", whole), "-to", app.URL)
	require.NotContains(t, r.out, "note:")
}

// A delivery's query is its own, whatever the URL is that it is sent to again.
func TestReplayKeepsTheQuery(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef0123456789abcdef"
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.RawQuery
		s, err := webhook.Twilio(secret.Static(key), "http://"+r.Host)
		require.NoError(t, err)
		if _, _, err := webhook.VerifyHTTP(s, r); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer srv.Close()
	stored := file(t, "stored.http", captured(t, webhooktest.Twilio(key).WithURL("http://app.example/hook?tenant=1").WithHeader("Content-Type", "application/json"), `{"a":1}`))
	hash := "bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
	for to, want := range map[string]string{"": "tenant=1&" + hash, "?tenant=1": "tenant=1&" + hash, "?b=2": "b=2&tenant=1&" + hash} {
		r := standpipe(t, "", "webhook", "replay", stored, "-to", srv.URL+"/hook"+to, "-sign", "twilio", "-secret-file", file(t, "secret", key))
		require.Equal(t, exitOK, r.status, r.out+r.err)
		require.Equal(t, want, got)
	}
	repeated := file(t, "repeated.http", "GET /hook?a=1&a=1 HTTP/1.1\r\nHost: app.example\r\n\r\n")
	standpipe(t, "", "webhook", "replay", repeated, "-to", srv.URL)
	require.Equal(t, "a=1&a=1", got)
}

func TestListenThatCannotStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	address, out, stop := listen(t, "-store", dir)
	require.NoError(t, os.RemoveAll(dir))
	resp, err := http.Post(address, "text/plain", strings.NewReader("hello"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, "the provider sends again")
	require.Contains(t, out.String(), "storing a delivery")
	require.Equal(t, exitOK, stop())
}

func TestListenKeepsConcurrentDeliveriesApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, _, stop := listen(t, "-store", dir)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			resp, err := http.Post(address, "text/plain", strings.NewReader("hello"))
			if err == nil {
				err = resp.Body.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, exitOK, stop())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 50)
}
