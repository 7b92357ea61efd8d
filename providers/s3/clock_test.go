package s3_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
)

// A wrong clock costs one attempt, whatever the method, also where there is no body to
// name the reason; after it the clock is right, for presigned URLs too.
func TestClockIsSetByTheService(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"slow": time.Hour, "fast": -16 * time.Minute, "another day": 23 * time.Hour} {
		for _, r := range []client.Request{
			{Path: "/key"},
			{Method: "PUT", Path: "/key", Body: client.Raw("text/plain", []byte("content"))},
			{Method: "POST", Path: "/key", Body: client.Raw("text/plain", []byte("content"))},
			{Method: "HEAD", Path: "/key"},
		} {
			t.Run(name+" "+r.Method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, auth := newService(), signer(accessKey())
					s.ahead = ahead
					c := newClient(t, s, auth)
					require.Equal(t, http.StatusOK, do(t, c, r))
					require.Len(t, s.requests(), 2)
					require.Equal(t, http.StatusOK, do(t, c, r))
					require.Len(t, s.requests(), 3, "the second call is right at once")
					p, err := auth.Presign(t.Context(), s3.PresignRequest{URL: base + "/key", Expires: time.Hour})
					require.NoError(t, err)
					require.WithinDuration(t, time.Now().Add(ahead+time.Hour), p.Expires, time.Minute)
				})
			})
		}
	}
}

// Many calls that are under way when the clock turns out to be wrong all get through.
func TestClockIsSetForCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.ahead = time.Hour
		c := newClient(t, s, signer(accessKey()))
		done := make(chan int, 20)
		for range cap(done) {
			go func() { done <- do(t, c, client.Request{Path: "/key"}) }()
		}
		for range cap(done) {
			require.Equal(t, http.StatusOK, <-done)
		}
		require.LessOrEqual(t, len(s.requests()), 2*cap(done))
	})
}

func TestHint(t *testing.T) {
	const tooSkewed = "<Error><Code>RequestTimeTooSkewed</Code></Error>"
	const mismatch = "<Error><Code>SignatureDoesNotMatch</Code></Error>"
	for name, c := range map[string]struct {
		status int
		off    time.Duration
		age    string
		body   string
		want   client.Hint
	}{
		"skewed":                  {403, time.Hour, "", tooSkewed, client.Retry},
		"skewed, behind":          {403, -time.Hour, "", tooSkewed, client.Retry},
		"skewed, in JSON":         {400, time.Hour, "", `{"__type":"RequestExpired"}`, client.Retry},
		"in the future":           {403, -time.Hour, "", "<Code>RequestInTheFuture</Code>", client.Retry},
		"skewed by its word only": {403, 30 * time.Second, "", tooSkewed, client.NoHint},
		"skewed by two minutes":   {403, 2 * time.Minute, "", tooSkewed, client.Retry},
		"a day at most":           {403, 24 * time.Hour, "", tooSkewed, client.Retry},
		"more than a day":         {403, 24*time.Hour + 2*time.Second, "", tooSkewed, client.NoHint},
		"from a cache":            {403, time.Hour, "7", tooSkewed, client.NoHint},
		"mismatch, clock off":     {403, 5 * time.Minute, "", mismatch, client.Retry},
		"mismatch, clock right":   {403, 4 * time.Minute, "", mismatch, client.NoHint},
		"invalid, clock off":      {400, -5 * time.Minute, "", `{"__type":"InvalidSignatureException"}`, client.Retry},
		"no body, clock off":      {403, 5 * time.Minute, "", "", client.Retry},
		"no body, clock right":    {403, 0, "", "", client.NoHint},
		"denied, clock off":       {403, time.Hour, "", "<Error><Code>AccessDenied</Code></Error>", client.NoHint},
		"quoted by a key's name":  {403, time.Hour, "", "<Code>AccessDenied</Code><Key>RequestTimeTooSkewed</Key>", client.NoHint},
		"another status":          {503, time.Hour, "", tooSkewed, client.NoHint},
		"not found":               {404, time.Hour, "", "", client.NoHint},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth := signer(accessKey())
				h := http.Header{"Date": {time.Now().Add(c.off).UTC().Format(http.TimeFormat)}}
				if c.age != "" {
					h.Set("Age", c.age)
				}
				require.Equal(t, c.want, auth.Hint(c.status, h, []byte(c.body)))
				req, err := http.NewRequest("GET", base, nil)
				require.NoError(t, err)
				require.NoError(t, auth.Authorize(req))
				want := time.Now()
				if c.want == client.Retry {
					want = want.Add(c.off)
				}
				require.Equal(t, want.UTC().Format("20060102T150405Z"), req.Header.Get("X-Amz-Date"))
			})
		})
	}
	auth := signer(accessKey())
	for _, date := range []string{"", "yesterday", "20260101T000000Z"} {
		require.Equal(t, client.NoHint, auth.Hint(403, http.Header{"Date": {date}}, []byte(tooSkewed)))
	}
}
